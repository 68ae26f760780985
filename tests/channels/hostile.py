"""What nobody should send: bodies, lines that are no requests, paths that want to lead elsewhere."""

from __future__ import annotations

import json

XML_HEAD = "<xml><ToUserName>gh</ToUserName><FromUserName>oA</FromUserName><CreateTime>1</CreateTime>"
XML = {
    "entities": '<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;">'
    '<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;">]><xml><MsgType>text</MsgType><Content>&c;</Content></xml>',
    "external": '<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]><xml><Content>&f;</Content></xml>',
    "include": f'{XML_HEAD}<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="/etc/passwd"/></xml>',
    "parameter": '<!DOCTYPE x [<!ENTITY % p SYSTEM "http://127.0.0.1:1/x"> %p;]><xml><a>1</a></xml>',
    "deep": f"{XML_HEAD}{'<a>' * 5000}{'</a>' * 5000}</xml>",
    "unclosed": "<a>" * 100_000,
    "wide": f"{XML_HEAD}<MsgType>event</MsgType><Event>subscribe</Event>{'<a/>' * 100_000}</xml>",
    "attributes": "<xml " + " ".join(f'a{n}="1"' for n in range(20_000)) + "><a>1</a></xml>",
    "codec": '<?xml version="1.0" encoding="utf-7"?><xml><a>+ADw-</a></xml>',
    "codec nobody has": '<?xml version="1.0" encoding="no-such"?><xml><a>1</a></xml>',
    "numbers": f"{XML_HEAD}<MsgType>event</MsgType><Event>LOCATION</Event><Latitude>1e999999999</Latitude></xml>",
    "time": f"<xml><FromUserName>o</FromUserName><CreateTime>{'9' * 5000}</CreateTime><MsgType>text</MsgType></xml>",
    "script": f"{XML_HEAD}<MsgType>text</MsgType><Content><![CDATA[<script>alert(1)</script>]]></Content></xml>",
    "nothing": "<xml/>",
}
JSON = {
    "deep list": "[" * 50_000 + "]" * 50_000,
    "deep object": '{"a":' * 900 + "1" + "}" * 900,
    "exponent": '[{"msgTag":"x","data":{"orderId":1e999999999,"updateTime":1e308}}]',
    "exponent as text": '{"entries":[{"serial":"1e999999999","mobile":"1e999999999","at":"1e999999999"}]}',
    "digits": '{"entries":[{"serial":' + "9" * 4000 + "}]}",
    "more digits": '[{"biz_id":' + "9" * 100_000 + ',"phone_number":"1","success":true}]',
    "surrogates": '{"entries":[{"name":"\\ud800\\ud800","mobile":"\\udc00"}]}',
    "nul": '[{"biz_id":"\\u0000","phone_number":"13811110000","success":true}]',
    "not a number": '[NaN, Infinity, {"phone_number": NaN}]',
    "same member": '{"entries":[],"entries":{},"entries":"[]","msg":"{}","msg":[]}',
    "texts for things": '{"entries":["{\\"serial\\":7}", "[", "", "\\"", null, true, 7, [[]]]}',
    "a text": '"{\\"entries\\":[]}"',
    "many": '{"entries":[' + ",".join(["[]"] * 200_000) + "]}",
    "many in a list": "[" + ",".join(["1"] * 400_000) + "]",
    "nested texts": json.dumps(
        {"type": "trade_TradePaid", "id": "1", "msg": json.dumps({"a": json.dumps("[" * 9999)})}
    ),
    "script": '[{"content":"<script>alert(1)</script>","phone_number":"13811110000"}]',
    "bom": "\ufeff{}",
    "empty": "",
    "blank": " ",
}
BYTES = {
    "utf-16": '{"entries":[]}'.encode("utf-16"),
    "utf-32 xml": "<xml><a>1</a></xml>".encode("utf-32"),
    "latin-1": '{"entries":[{"serial":"\xff\xfe"}]}'.encode("latin-1"),
    "nuls": b"\0" * 1000,
    "overlong": b'{"a":"\xc0\x80"}',
    "random": bytes(range(256)) * 8,
}
BODIES = {
    **{f"xml {name}": text.encode() for name, text in XML.items()},
    **{f"json {name}": text.encode("utf-8", "surrogatepass") for name, text in JSON.items()},
    **{f"bytes {name}": body for name, body in BYTES.items()},
}

HEAD = b"POST /hooks/forms HTTP/1.1\r\nHost: x\r\n"
GET = b"GET /hooks/forms HTTP/1.1\r\n"
LINES = {
    "nothing": b"",
    "no http": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 300,
    "http/0.9": b"GET /hooks/forms\r\n\r\n",
    "http/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0" * 50,
    "http/9": b"GET / HTTP/9.9\r\nHost: x\r\n\r\n",
    "no host": GET + b"\r\n",
    "two hosts": GET + b"Host: a\r\nHost: b\r\n\r\n",
    "host of elsewhere": GET + b"Host: evil.example/../..\r\n\r\n",
    "host that breaks lines": GET + b"Host: a\rSet-Cookie: x=1\r\n\r\n",
    "absolute address": b"GET http://169.254.169.254/latest/meta-data/ HTTP/1.1\r\nHost: x\r\n\r\n",
    "connect": b"CONNECT 127.0.0.1:22 HTTP/1.1\r\nHost: x\r\n\r\n",
    "options": b"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n",
    "trace": b"TRACE /hooks/forms HTTP/1.1\r\nHost: x\r\n\r\n",
    "unknown method": b"HACK /hooks/forms HTTP/1.1\r\nHost: x\r\n\r\n",
    "negative length": HEAD + b"Content-Length: -1\r\n\r\n",
    "endless length": HEAD + b"Content-Length: 99999999999999999999999\r\n\r\nx",
    "length of words": HEAD + b"Content-Length: ten\r\n\r\nx",
    "two lengths": HEAD + b"Content-Length: 2\r\nContent-Length: 30\r\n\r\n{}",
    "length and chunks": HEAD
    + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /x HTTP/1.1\r\n\r\n",
    "chunks of another kind": HEAD + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "chunks, unknown": HEAD + b"Transfer-Encoding: cow\r\n\r\n0\r\n\r\n",
    "chunk of any size": HEAD + b"Transfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFF\r\n",
    "chunk of no size": HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
    "chunk with much beside": HEAD + b"Transfer-Encoding: chunked\r\n\r\n1;" + b"a" * 3_000_000,
    "trailers": HEAD + b"Transfer-Encoding: chunked\r\n\r\n0\r\n" + b"X-A: b\r\n" * 300 + b"\r\n",
    "trailer without end": HEAD + b"Transfer-Encoding: chunked\r\n\r\n0\r\nX: " + b"a" * 3_000_000,
    "many headers": HEAD + b"".join(b"X-%d: 1\r\n" % n for n in range(5_000)) + b"\r\n",
    "a long header": HEAD + b"X: " + b"a" * 200_000 + b"\r\n\r\n",
    "a header without end": HEAD + b"X: " + b"a" * 3_000_000,
    "a name without end": HEAD + b"a" * 3_000_000,
    "folded": HEAD + b"X-Signature: a\r\n b\r\n\r\n",
    "blank before colon": HEAD + b"X-Signature : a\r\n\r\n",
    "no colon": HEAD + b"X-Signature\r\n\r\n",
    "nul": HEAD + b"X: a\0b\r\n\r\n",
    "bare line feeds": b"POST /hooks/forms HTTP/1.1\nHost: x\nContent-Length: 2\n\n{}",
    "bytes in the path": b"GET /hooks/\xff\xfe\x80 HTTP/1.1\r\nHost: x\r\n\r\n",
    "a long path": b"GET /hooks/" + b"a" * 500_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    "a path without end": b"GET /" + b"a" * 3_000_000,
    "upgrade": GET + b"Host: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\n\r\nabc",
    "upgrade to http/2": GET + b"Host: x\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n\r\n",
    "get with a body": GET + b"Host: x\r\nContent-Length: 2\r\n\r\n{}",
    "never expected": HEAD + b"Expect: 200-maybe\r\nContent-Length: 2\r\n\r\n{}",
    "blank lines": b"\r\n" * 10_000,
    "pipelined": (GET + b"Host: x\r\n\r\n") * 200,
}
PATHS = (
    "/hooks/%2e%2e/api/v1/users", "/hooks/../api", "/hooks//forms", "//hooks/forms", "/hooks/forms/%00", "/hooks/%00",
    "/hooks/forms%2f..%2f..", "/hooks/forms/..%5c..", "/hooks/", "/hooks", "/hooks/forms;a=b", "/hooks/FORMS",
    "/hooks/f%6frms/x", "/hooks/%F0%9F%98%80", "/hooks/%ed%a0%80", "/hooks/%ff%fe", "/hooks/%", "/hooks/%zz",
    "/hooks/forms/" + "a/" * 5000, "/hooks/" + "%25" * 3000, "/hooks/forms%0d%0aSet-Cookie:%20a=b", "/hooks/%u0041",
    "/hooks/forms?%0d%0aX: y", "/hooks/forms?=&=&==&&&", "/hooks/forms?" + "a=%" * 100, "/hooks/oa?echostr=<script>",
    "/hooks/oa?signature=%ed%a0%80&timestamp=%00&nonce=%ff",
    "/hooks/oa?timestamp=%D9%A1%D9%A2%D9%A3&signature=%D9%A1&nonce=%D9%A1",
    "/sa", "/sa.gif?data=x", "/debug", "/v3/projects/%00/collect", "/v1/projects/%2e%2e/settings", "/l/%00",
    "/metrics/..",
    "/%2e%2e/%2e%2e/etc/passwd", "/..%2f..%2fetc/passwd", "/static/../../../../etc/passwd", "/\\..\\..\\etc",
)  # fmt: skip
