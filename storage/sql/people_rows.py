"""Users, tokens, added accounts and links as rows."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from core.values.accounts import AddedAccount
from core.values.links import Link, OptionRule, Product, Share
from core.values.money import Quantity, plain
from core.values.people import ApiToken, Role, Roll, Scope, User
from storage.sql.columns import (
    Row,
    Stored,
    encode,
    plain_or_none,
    read_list,
    read_texts,
    read_time,
    read_time_or_none,
    time_or_none,
    time_text,
)
from storage.sql.session import Session


def user_row(user: User) -> Row:
    return {
        "id": user.id,
        "username": user.username,
        "role": user.role.word,
        "first": user.first,
        "last": user.last,
        "password_hash": user.password_hash,
        "language": user.language,
        "works_for": user.works_for,
        "deleted_at": time_or_none(user.deleted_at),
        "owner": user.id,
    }


def read_user(row: Stored) -> User:
    return User(
        id=row["id"],
        username=row["username"],
        role=Role[row["role"].upper()],
        first=row["first"],
        last=row["last"],
        password_hash=row["password_hash"],
        language=row["language"],
        works_for=row["works_for"],
        deleted_at=read_time_or_none(row["deleted_at"]),
    )


def token_row(token: ApiToken) -> Row:
    return {
        "hash": token.hash,
        "user": token.user,
        "made_at": time_text(token.made_at),
        "scope": token.scope.value,
        "owner": token.user,
    }


def read_token(row: Stored) -> ApiToken:
    return ApiToken(row["hash"], row["user"], read_time(row["made_at"]), Scope(row["scope"]))


def account_row(account: AddedAccount) -> Row:
    return {
        "name": account.name,
        "broker": account.broker,
        "made_at": time_text(account.made_at),
        "settings": encode(dict(account.settings)),
        "deleted_at": time_or_none(account.deleted_at),
        "owner": account.owner,
    }


def read_account(row: Stored) -> AddedAccount:
    return AddedAccount(
        name=row["name"],
        broker=row["broker"],
        made_at=read_time(row["made_at"]),
        settings=read_texts(row["settings"]),
        deleted_at=read_time_or_none(row["deleted_at"]),
        owner=row["owner"],
    )


def link_row(link: Link) -> Row:
    return {
        "id": link.id,
        "name": link.name,
        "account": link.account,
        "strategy": link.strategy,
        "made_at": time_text(link.made_at),
        "token_hash": link.token_hash,
        "stop_loss": plain_or_none(link.stop_loss),
        "target": plain_or_none(link.target),
        "trailing_stop": plain_or_none(link.trailing_stop),
        "quantity": plain_or_none(link.quantity),
        "risk_percent": plain_or_none(link.risk_percent),
        "product": link.product,
        "option": None if link.option is None else _option_text(link.option),
        "paper": int(link.paper),
        "ask": int(link.ask),
        "running": int(link.running),
        "accounts": encode([[share.name, plain(share.multiplier)] for share in link.accounts]),
        "deleted_at": time_or_none(link.deleted_at),
        "owner": link.owner,
    }


def _option_text(rule: OptionRule) -> str:
    return encode([rule.expiry and rule.expiry.isoformat(), plain_or_none(rule.strike)])


def read_link(row: Stored) -> Link:
    quantity = _decimal(row["quantity"])
    return Link(
        id=row["id"],
        name=row["name"],
        account=row["account"],
        strategy=row["strategy"],
        made_at=read_time(row["made_at"]),
        token_hash=row["token_hash"],
        stop_loss=_decimal(row["stop_loss"]),
        target=_decimal(row["target"]),
        trailing_stop=_decimal(row["trailing_stop"]),
        quantity=None if quantity is None else Quantity(quantity),
        risk_percent=_decimal(row["risk_percent"]),
        product=Product(row["product"]),
        option=None if row["option"] is None else _read_option(row["option"]),
        paper=bool(row["paper"]),
        ask=bool(row["ask"]),
        running=bool(row["running"]),
        accounts=tuple(Share(name, Decimal(multiplier)) for name, multiplier in read_list(row["accounts"])),
        deleted_at=read_time_or_none(row["deleted_at"]),
        owner=row["owner"],
    )


def _read_option(text: str) -> OptionRule:
    expiry, strike = read_list(text)
    return OptionRule(None if expiry is None else date.fromisoformat(expiry), _decimal(strike))


def _decimal(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def read_roll(db: Session) -> Roll:
    return Roll(
        users=[read_user(row) for row in db.execute("SELECT * FROM users ORDER BY seq")],
        tokens=[read_token(row) for row in db.execute("SELECT * FROM tokens ORDER BY made_at")],
        accounts=[
            read_account(row) for row in db.execute("SELECT * FROM accounts WHERE deleted_at IS NULL ORDER BY seq")
        ],
        links=[read_link(row) for row in db.execute("SELECT * FROM links WHERE deleted_at IS NULL ORDER BY seq")],
        credentials={
            row["account"]: (row["sealed"], row["owner"])
            for row in db.execute("SELECT * FROM credentials ORDER BY account")
        },
    )
