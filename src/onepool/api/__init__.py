"""The HTTP API: one router per room, everything the console does. See `/api/openapi.json`.

Its face is in the modules: `app.create_app`, `live.LiveFeed`, `workspace.WorkspaceLike`. Nothing is imported here, so
that commands which only look something up do not load the web framework.
"""
