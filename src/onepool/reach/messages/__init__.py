"""Messages: what is said on each channel, written in templates with typed variables, rendered for many at once."""

from onepool.reach.messages.around import surroundings, usable_message, wording_of
from onepool.reach.messages.check import Findings, Surroundings, check_message
from onepool.reach.messages.columns import Wording
from onepool.reach.messages.linking import Linking
from onepool.reach.messages.model import Content, Message, Variable
from onepool.reach.messages.parse import MessageError, Needs, kind_of, message_schema, needs, parse_message
from onepool.reach.messages.render import Rendered, render
from onepool.reach.messages.sends import render_sends, render_table
from onepool.reach.messages.store import UnknownMessage, load, loaded

__all__ = [
    "Content",
    "Findings",
    "Linking",
    "Message",
    "MessageError",
    "Needs",
    "Rendered",
    "Surroundings",
    "UnknownMessage",
    "Variable",
    "Wording",
    "check_message",
    "kind_of",
    "load",
    "loaded",
    "message_schema",
    "needs",
    "parse_message",
    "render",
    "render_sends",
    "render_table",
    "surroundings",
    "usable_message",
    "wording_of",
]
