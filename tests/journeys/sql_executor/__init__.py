"""Journeys decided by SQL statements alone: sets of rows in SQLite, statement by statement, node by node.

A third way to the same runs, messages and steps, beside the executor's columns and the naive interpreter's loops. Who
enters, may enter again, is at a goal or an exit, which event or timer wakes a run, which way it takes and which hop
follows is said in SQL. Functions that SQLite lacks are lent to it one value at a time: the hashes that decide, wall
clocks, the stock of coupons, what the world says of a customer's address and consent.

What it leaves out, and cases are made without (`cases.plain`): quiet hours and caps of the gate, rates, groups,
audiences (schedule, one-off, date, backfill), waits for dates, journeys that call each other, merges, pauses, requests
other than entries.
"""
