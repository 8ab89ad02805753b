"""One sample of every kind of update that Telegram knows."""

from __future__ import annotations

from typing import Any

from bot.telegram.light import Update

KINDS = [name for name in Update.model_fields if name != "update_id"]
_DATE = 1_800_000_000


def update_of(kind: str, user: int, chat: int, text: str) -> dict[str, Any]:
    """The body of an update of this kind, by this person in this chat, as the Bot API renders it."""
    who = {"id": user, "is_bot": False, "first_name": "A"}
    where = {"id": chat, "type": "private", "first_name": "A"}
    message = {"message_id": 5, "date": _DATE, "chat": where, "from": who, "text": text}
    member = {"status": "member", "user": who}
    answer = {"id": "1", "from": who, "invoice_payload": text, "currency": "XTR", "total_amount": 1}
    address = {"country_code": "DE", "state": "", "city": "", "street_line1": "", "street_line2": "", "post_code": ""}
    boost = {"premium_subscription": {"source": "premium", "user": who}}["premium_subscription"]
    samples: dict[str, dict[str, Any]] = {
        "business_connection": {"id": "b", "user": who, "user_chat_id": chat, "date": _DATE, "is_enabled": True},
        "deleted_business_messages": {"business_connection_id": "b", "chat": where, "message_ids": [1]},
        "message_reaction": {
            "chat": where, "message_id": 5, "user": who, "date": _DATE, "old_reaction": [],
            "new_reaction": [{"type": "emoji", "emoji": "👍"}],
        },
        "message_reaction_count": {"chat": where, "message_id": 5, "date": _DATE, "reactions": []},
        "inline_query": {"id": "1", "from": who, "query": text, "offset": ""},
        "chosen_inline_result": {"result_id": "1", "from": who, "query": text},
        "callback_query": {"id": "1", "from": who, "chat_instance": "7", "data": text, "message": message},
        "shipping_query": {"id": "1", "from": who, "invoice_payload": text, "shipping_address": address},
        "pre_checkout_query": answer,
        "purchased_paid_media": {"from": who, "paid_media_payload": text},
        "poll": {
            "id": "1", "question": text, "options": [], "total_voter_count": 0, "is_closed": False,
            "is_anonymous": True, "type": "regular", "allows_multiple_answers": False,
            "allows_revoting": False, "members_only": False,
        },
        "managed_bot": {"user": who, "bot": {**who, "is_bot": True}},
        "subscription": {"user": who, "invoice_payload": text, "state": "active"},
        "stopped_message_generation": {"chat": where, "draft_id": 1},
        "poll_answer": {"poll_id": "1", "user": who, "option_ids": [0], "option_persistent_ids": ["0"]},
        "my_chat_member": {
            "chat": where, "from": who, "date": _DATE, "old_chat_member": member, "new_chat_member": member,
        },
        "chat_member": {
            "chat": where, "from": who, "date": _DATE, "old_chat_member": member, "new_chat_member": member,
        },
        "chat_join_request": {"chat": where, "from": who, "user_chat_id": chat, "date": _DATE},
        "chat_boost": {
            "chat": where, "boost": {"boost_id": "1", "add_date": _DATE, "expiration_date": _DATE, "source": boost},
        },
        "removed_chat_boost": {"chat": where, "boost_id": "1", "remove_date": _DATE, "source": boost},
    }  # fmt: skip
    return samples.get(kind, message)
