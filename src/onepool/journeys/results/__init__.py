"""What came of journeys: counts per node and edge, funnel, uplift, money, runs one by one."""
