"""E-mail addresses among the options: of who approves, and of who is told of an escalation.

An address is personal data, and its subject is whoever it reaches in this one stewardship. So it is
not recorded with the other options, but by an event of its own for each place where it stands.
"""

from collections.abc import Iterator

import msgspec

from domain.personal import REDACTED
from domain.stewardship.definition import OptionsDefinition
from domain.stewardship.kinds import AddressUse


def address_subject(stewardship_key: int | str, number: int) -> str:
    """Name the subject of an address: whoever it reaches in this one stewardship."""
    return f"stewardship-{stewardship_key}-address-{number}"


class NamedAddress(msgspec.Struct, frozen=True, kw_only=True):
    """An address and its place in a list of the options; ``number`` is that of the subject."""

    number: int
    use: AddressUse
    index: int
    address: str


def is_address(text: str) -> bool:
    """Tell whether somebody is named by an e-mail address, and not by a name."""
    return "@" in text


def found_as(name: str) -> str:
    """Give what somebody is found as: the case of an e-mail address says nothing."""
    return name.casefold() if is_address(name) else name


def named_addresses(options: OptionsDefinition) -> Iterator[NamedAddress]:
    """Find the addresses; the same one has the same number wherever it stands."""
    numbers: dict[str, int] = {}
    for use in AddressUse:
        for index, text in enumerate(_list(options, use)):
            if is_address(text):
                number = numbers.setdefault(found_as(text), len(numbers) + 1)
                yield NamedAddress(number=number, use=use, index=index, address=text)


def without_addresses(options: OptionsDefinition) -> OptionsDefinition:
    """Leave the addresses out."""
    for use in AddressUse:
        names = [text for text in _list(options, use) if not is_address(text)]
        options = _with_list(options, use, names)
    return options


def with_address(options: OptionsDefinition, named: NamedAddress) -> OptionsDefinition:
    """Put an address where it was; those before it in the list come first."""
    texts = [*_list(options, named.use)]
    texts.insert(named.index, named.address)
    return _with_list(options, named.use, texts)


def with_redacted(options: OptionsDefinition, named: NamedAddress) -> OptionsDefinition:
    """Put ``[REDACTED]`` where an address is."""
    texts = [*_list(options, named.use)]
    texts[named.index] = REDACTED
    return _with_list(options, named.use, texts)


def _list(options: OptionsDefinition, use: AddressUse) -> list[str]:
    match use:
        case AddressUse.APPROVER:
            return options.approval.approvers
        case AddressUse.RECIPIENT:
            return options.escalation.recipients


def _with_list(options: OptionsDefinition, use: AddressUse, texts: list[str]) -> OptionsDefinition:
    replace = msgspec.structs.replace
    match use:
        case AddressUse.APPROVER:
            return replace(options, approval=replace(options.approval, approvers=texts))
        case AddressUse.RECIPIENT:
            return replace(options, escalation=replace(options.escalation, recipients=texts))
