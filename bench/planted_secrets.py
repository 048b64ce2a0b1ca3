"""Generates secrets of many kinds inside the texts they leak in, and texts that look alike and hold none.

Values are random within the format that each provider documents, made without the patterns that look for them; carriers
are what evidence consists of: log lines, code, settings, diffs, telemetry. The same seed gives the same set.
"""

# ruff: noqa: E501  (a text as it stands in a log or a lock file is one line here too)
from __future__ import annotations

import base64
import json
import random
import string
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass

ALNUM = string.ascii_letters + string.digits
HEX = "0123456789abcdef"
URL64 = ALNUM + "-_"
B64 = ALNUM + "+/"


@dataclass(frozen=True)
class Planted:
    kind: str
    carrier: str
    text: str
    secret: str


def _some(rng: random.Random, alphabet: str, length: int) -> str:
    return "".join(rng.choice(alphabet) for _ in range(length))


def _word(rng: random.Random) -> str:
    """A password as people choose them: a word, a sign, digits."""
    word = rng.choice(("Sommer", "hunter", "Tr0ub4dor", "geheim", "Qwerty", "letmein", "blue-fish", "P4ss.w0rd"))
    return f"{word}{rng.choice('!-.~*')}{rng.randrange(10, 9999)}"


def _jwt(rng: random.Random) -> str:
    head = base64.urlsafe_b64encode(b'{"alg":"RS256","typ":"JWT"}').decode().rstrip("=")
    body = json.dumps({"sub": _some(rng, ALNUM, 9), "exp": rng.randrange(2**31)}).encode()
    return f"{head}.{base64.urlsafe_b64encode(body).decode().rstrip('=')}.{_some(rng, URL64, 43)}"


def _pem(rng: random.Random) -> str:
    kind = rng.choice(("RSA ", "EC ", "OPENSSH ", ""))
    body = "\n".join(_some(rng, B64, 64) for _ in range(rng.randrange(2, 6)))
    return f"-----BEGIN {kind}PRIVATE KEY-----\n{body}\n-----END {kind}PRIVATE KEY-----"


# What is known by its shape, wherever it stands.
SHAPES: dict[str, Callable[[random.Random], str]] = {
    "AWS access key id": lambda r: r.choice(("AKIA", "ASIA")) + _some(r, string.ascii_uppercase + "234567", 16),
    "GitHub token": lambda r: f"gh{r.choice('pousr')}_{_some(r, ALNUM, 36)}",
    "GitHub fine-grained token": lambda r: f"github_pat_{_some(r, ALNUM, 22)}_{_some(r, ALNUM, 59)}",
    "GitLab token": lambda r: f"glpat-{_some(r, URL64, 20)}",
    "Slack token": lambda r: f"xoxb-{_some(r, string.digits, 12)}-{_some(r, string.digits, 12)}-{_some(r, ALNUM, 24)}",
    "Stripe key": lambda r: f"{r.choice(('sk', 'rk'))}_live_{_some(r, ALNUM, 24)}",
    "Google API key": lambda r: f"AIza{_some(r, URL64, 35)}",
    "Google OAuth token": lambda r: f"ya29.{_some(r, URL64, 60)}",
    "npm token": lambda r: f"npm_{_some(r, ALNUM, 36)}",
    "PyPI token": lambda r: f"pypi-AgEIcHlwaS5vcmc{_some(r, URL64, 120)}",
    "SendGrid key": lambda r: f"SG.{_some(r, URL64, 22)}.{_some(r, URL64, 43)}",
    "OpenAI key": lambda r: f"sk-proj-{_some(r, ALNUM, 20)}T3BlbkFJ{_some(r, ALNUM, 20)}",
    "Anthropic key": lambda r: f"sk-ant-api03-{_some(r, URL64, 93)}AA",
    "Hugging Face token": lambda r: f"hf_{_some(r, string.ascii_letters, 34)}",
    "Vault token": lambda r: f"hvs.{_some(r, URL64, 90)}",
    "DigitalOcean token": lambda r: f"dop_v1_{_some(r, HEX, 64)}",
    "Databricks token": lambda r: f"dapi{_some(r, HEX, 32)}",
    "Shopify token": lambda r: f"shpat_{_some(r, HEX, 32)}",
    "Azure client secret": lambda r: f"{_some(r, ALNUM, 3)}8Q~{_some(r, ALNUM + '_-.~', 34)}",
    "JWT": _jwt,
    "private key": _pem,
}
# What is known by the name of its key: names as people write them, and the value.
KEYED: dict[str, tuple[tuple[str, ...], Callable[[random.Random], str]]] = {
    "password": (("password", "db_password", "DB_PASSWORD", "spring.datasource.password", "dbPassword"), _word),
    "API key": (("api_key", "API_KEY", "apiKey", "X-Api-Key", "service_apikey"), lambda r: _some(r, ALNUM, 32)),
    "client secret": (("client_secret", "CLIENT_SECRET", "clientSecret"), lambda r: _some(r, ALNUM + "_-", 40)),
    "AWS secret key": (("aws_secret_access_key", "AWS_SECRET_ACCESS_KEY"), lambda r: _some(r, B64, 40)),
    "access token": (("access_token", "ACCESS_TOKEN", "accessToken", "auth_token"), lambda r: _some(r, URL64, 43)),
    "Twilio auth token": (("TWILIO_AUTH_TOKEN", "twilio_auth_token"), lambda r: _some(r, HEX, 32)),
    "signing key": (("signing_key", "SIGNING_KEY", "encryptionKey"), lambda r: _some(r, B64, 43) + "="),
}
# Whole texts: {} is the secret.
PHRASES: dict[str, tuple[tuple[str, ...], Callable[[random.Random], str]]] = {
    "connection string": (
        ("dsn=postgresql://shop:{}@db.prod:5432/orders", "connecting to amqp://svc:{}@mq:5672/%2f failed",
         'MONGO_URL="mongodb+srv://app:{}@c0.example.net/db?retryWrites=true"', "+  url: redis://:{}@cache:6379/0",
         "Server=tcp:db,1433;User ID=sa;Password={};Encrypt=true"), _word,
    ),
    "authorization header": (
        ("> Authorization: Bearer {}", '{{"headers": {{"Authorization": "Bearer {}"}}}}', "curl -H 'Authorization: token {}' https://x",
         'request.setHeader("Authorization", "Bearer {}");', "authorization=Bearer {} method=GET"), lambda r: _some(r, HEX, 40),
    ),
    "basic authorization": (
        ("Authorization: Basic {}", '"authorization":"Basic {}"', "Proxy-Authorization: Basic {}"),
        lambda r: base64.b64encode(f"admin:{_word(r)}".encode()).decode(),
    ),
    "basic auth in a URL": (("GET https://ci:{}@git.example/a.git 200", "remote: https://bot:{}@h/x"), _word),
    "cookie": (
        ("Cookie: {}", '"cookie": "{}"', "set-cookie: {}; Path=/; HttpOnly"), lambda r: f"sid=s%3A{_some(r, ALNUM, 32)}",
    ),
    "webhook address": (
        ("POST https://hooks.slack.com/services/{} 200", 'webhook = "https://hooks.slack.com/services/{}"'),
        lambda r: f"T{_some(r, string.ascii_uppercase, 8)}/B{_some(r, string.ascii_uppercase, 8)}/{_some(r, ALNUM, 24)}",
    ),
    "Azure storage key": (
        ("DefaultEndpointsProtocol=https;AccountName=shop;AccountKey={};EndpointSuffix=core.windows.net",),
        lambda r: _some(r, B64, 86) + "==",
    ),
    "URL parameter": (("GET /v1/pay?access_token={}&id=7 200 12ms", "https://h/cb?api_key={}"), lambda r: _some(r, ALNUM, 32)),
}  # fmt: skip


def _quoted(value: str) -> str:
    return json.dumps(value)[1:-1]


KEYED_CARRIERS: dict[str, Callable[[str, str], str]] = {
    "log line": lambda k, v: f"2026-10-13T09:12:01Z INFO boot {k}={v} attempt=1",
    ".env": lambda k, v: f"{k}={v}",
    "properties": lambda k, v: f"{k} = {v}",
    "YAML": lambda k, v: f"  {k}: {v}",
    "YAML, block": lambda k, v: f"  {k}: |\n    {v}\n  next: 1",
    "TOML": lambda k, v: f'{k} = "{_quoted(v)}"',
    "JSON": lambda k, v: f'{{"{k}": "{_quoted(v)}", "id": 7}}',
    "JSON in JSON": lambda k, v: json.dumps({"body": json.dumps({k: v, "id": 7})}),
    "JSON in JSON in JSON": lambda k, v: json.dumps({"log": json.dumps({"body": json.dumps({k: v})})}),
    "Python": lambda k, v: f"client = connect({k}={v!r}, user='shop')",
    "Java": lambda k, v: f'  private static final String {k} = "{_quoted(v)}";',
    "Go": lambda k, v: f'\tcfg := Config{{{k}: "{_quoted(v)}", Host: "db"}}',
    "diff": lambda k, v: f"@@ -3 +3 @@\n-{k}: {v}\n+{k}: ${{{k}}}",
    "XML": lambda k, v: f"<{k}>{v}</{k}>",
    "OTLP attribute": lambda k, v: json.dumps({"key": k, "value": {"stringValue": v}}),
    "container environment": lambda k, v: f"- name: {k}\n  value: {v}",
    "HTTP header": lambda k, v: f"< {k}: {v}",
}
SHAPE_CARRIERS: dict[str, Callable[[str], str]] = {
    "log line": lambda v: f"2026-10-13T09:12:01Z WARN refused: used {v} for upload",
    "log, JSON": lambda v: json.dumps(
        {"level": "warn", "msg": f"used {v}", "trace_id": "4bf92f3577b34da6a3ce929d0e0e4736"}
    ),
    "code": lambda v: f"client = Client({v!r})",
    ".env": lambda v: f"ACME_LOGIN={v}" if "\n" not in v else f'ACME_LOGIN="{v}"',
    "diff": lambda v: "@@ -1 +1 @@\n" + "\n".join(f"-{line}" for line in f"login: {v}".split("\n")),
    "JSON in JSON": lambda v: json.dumps({"body": json.dumps({"login": v})}),
}


def planted(seed: int, each: int) -> Iterator[Planted]:
    """`each` of every kind in every carrier that can hold it."""
    rng = random.Random(seed)
    for kind, make in SHAPES.items():
        for carrier, write in SHAPE_CARRIERS.items():
            for _ in range(each):
                secret = make(rng)
                yield Planted(kind, carrier, write(secret), secret)
    for kind, (names, make) in KEYED.items():
        for carrier, write in KEYED_CARRIERS.items():
            for _ in range(each):
                secret = make(rng)
                yield Planted(kind, carrier, write(rng.choice(names), secret), secret)
    for kind, (phrases, make) in PHRASES.items():
        for phrase in phrases:
            for _ in range(each):
                secret = make(rng)
                yield Planted(kind, "phrase", phrase.format(secret), secret)


def remains(one: Planted, cleaned: str) -> bool:
    """Is the secret, or a telling line of it, still there?"""
    parts = [line for line in one.secret.split("\n") if "-----" not in line]
    return any(part in cleaned or _quoted(part) in cleaned for part in parts)


HARMLESS: dict[str, Callable[[random.Random], str]] = {
    "trace and span id": lambda r: f"trace_id={_some(r, HEX, 32)} span_id={_some(r, HEX, 16)} parent={_some(r, HEX, 16)}",
    "traceparent": lambda r: f"traceparent: 00-{_some(r, HEX, 32)}-{_some(r, HEX, 16)}-01",
    "OTLP ids": lambda r: json.dumps({"traceId": _some(r, HEX, 32), "spanId": _some(r, HEX, 16), "traceState": ""}),
    "commit": lambda r: f"index {_some(r, HEX, 7)}..{_some(r, HEX, 7)} 100644\ncommit {_some(r, HEX, 40)} (HEAD -> main)",
    "UUID": lambda r: f"request {uuid.UUID(int=r.getrandbits(128))} took {r.randrange(999)} ms",
    "md5 and sha256": lambda r: f"md5={_some(r, HEX, 32)} sha256:{_some(r, HEX, 64)} etag=\"{_some(r, HEX, 32)}\"",
    "image digest": lambda r: f"pulled registry.example/shop/pay@sha256:{_some(r, HEX, 64)}",
    "package-lock.json": lambda r: (
        f'"node_modules/{r.choice(("cookie", "js-tokens", "jsonwebtoken", "passwd-user", "keyv"))}": {{\n  "version": '
        f'"{r.randrange(9)}.{r.randrange(20)}.0",\n  "integrity": "sha512-{_some(r, B64, 86)}==",\n  "dependencies": '
        f'{{"cookie": "^0.{r.randrange(9)}.0", "token-types": "~{r.randrange(9)}.1.2", "secret-stack": "6.{r.randrange(9)}.0"}}'
    ),
    "yarn.lock": lambda r: f'cookie@^0.5.0:\n  version "0.5.0"\n  resolved "https://r.example/c.tgz#{_some(r, HEX, 40)}"\n  integrity sha512-{_some(r, B64, 86)}==',
    "go.sum": lambda r: f"golang.org/x/oauth2 v0.{r.randrange(30)}.0 h1:{_some(r, B64, 43)}=\ngolang.org/x/oauth2 v0.{r.randrange(30)}.0/go.mod h1:{_some(r, B64, 43)}=",
    "poetry.lock": lambda r: f'name = "tokenizers"\nversion = "0.{r.randrange(30)}.0"\n{{file = "tokenizers.whl", hash = "sha256:{_some(r, HEX, 64)}"}}\ncontent-hash = "{_some(r, HEX, 64)}"',
    "Cargo.lock": lambda r: f'name = "secrecy"\nversion = "0.8.0"\nchecksum = "{_some(r, HEX, 64)}"',
    "requirements.txt": lambda r: f"secretstorage==3.3.{r.randrange(9)} --hash=sha256:{_some(r, HEX, 64)}",
    "base64 image": lambda r: f"data:image/png;base64,iVBORw0KGgo{_some(r, B64, 3_000)}==",
    "AWS request id": lambda r: f"x-amzn-RequestId: {uuid.UUID(int=r.getrandbits(128))} x-amz-id-2: {_some(r, B64, 60)}",
    "code that handles secrets": lambda r: r.choice((
        'password = request.form["password"]', "if not token.is_valid(): raise InvalidToken(token)", "def login(user, password):",
        "    self.password = password", "password: str", "token := lexer.NextToken()", "secret = load_secret(name)",
        "String apiKey = config.getApiKey();", "const { password, ...rest } = user;", "cookie = request.cookies.get(name)",
    )),
    "telemetry of models": lambda r: f"gen_ai.usage.input_tokens={r.randrange(9999)} max_tokens: {r.randrange(9999)} token_count={r.randrange(99999)}",
    "references to secrets": lambda r: r.choice((
        "secretName: payments-db", "password: ${DB_PASSWORD}", "token: ${{ secrets.GITHUB_TOKEN }}", "valueFrom: {secretKeyRef: {name: db, key: password}}",
        "password: !vault |", "api_key=<your key>", "DB_PASSWORD=$(cat /run/secrets/db)", '"password": "********"', "password: {{ vault_password }}",
    )),
    "messages about secrets": lambda r: r.choice((
        "invalid password: too short", "token expired; cookies were refused", "Bearer authentication is required", "secret not found", "--- PASS: TestToken/renew (0.00s)",
        "wrong password for user 381", "cookie: none", "missing API key: ask the administrator",
    )),
    "addresses": lambda r: f"http://host:{r.randrange(9999)}/users/@me git@github.com:shop/payment.git ssh://git@host:22/x https://user@host/y",
}  # fmt: skip


def harmless(seed: int, each: int) -> Iterator[tuple[str, str]]:
    rng = random.Random(seed)
    for kind, make in HARMLESS.items():
        for _ in range(each):
            yield kind, make(rng)
