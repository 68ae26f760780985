"""Channels: the platforms on which a brand meets people, one folder each.

A channel is data and pure functions: what it yields (manifest), how its pushes and answers are read, how a message
becomes a request. It imports `onepool.channels.base` only, and nothing imports a particular channel: they are found by
`onepool.channels.registry`.
"""
