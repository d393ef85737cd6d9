"""What happens to the e-mail addresses among the options of a stewardship."""

from typing import TYPE_CHECKING

from domain.events import RedactionEvent
from domain.personal import Personal
from domain.stewardship.addresses import NamedAddress, with_address, with_redacted
from domain.stewardship.events import StewardshipEvent
from domain.stewardship.kinds import AddressUse
from domain.stewardship.state import StewardshipState

if TYPE_CHECKING:
    from domain.stewardship.stewardship import Stewardship


class StewardshipAddressGiven(StewardshipEvent, frozen=True, kw_only=True):
    """An approver, or a recipient of escalations, was named by an e-mail address."""

    TOPIC = "StewardshipAddressGiven"

    number: int
    use: AddressUse
    index: int
    address: Personal[str]

    @property
    def subject(self) -> str:
        """Whoever the address reaches in this stewardship."""
        return f"{self.originator_id}-address-{self.number}"

    def change(self, state: StewardshipState) -> None:
        """Put it among the options."""
        named = NamedAddress(
            number=self.number, use=self.use, index=self.index, address=self.address
        )
        state.options = with_address(state.options, named)
        state.addresses.append(named)


class StewardshipAddressNeutralized(RedactionEvent, frozen=True, kw_only=True):
    """An e-mail address among the options was erased for good, wherever it stood."""

    TOPIC = "StewardshipAddressNeutralized"

    number: int

    @property
    def subject(self) -> str:
        """Whoever the address reached in this stewardship."""
        return f"{self.originator_id}-address-{self.number}"

    def fold(self, state: StewardshipState) -> None:
        """Forget it; that there was one stays."""
        state.reach(self.timestamp)
        for named in state.addresses:
            if named.number == self.number:
                state.options = with_redacted(state.options, named)
        state.addresses = [each for each in state.addresses if each.number != self.number]

    def apply(self, aggregate: "Stewardship") -> None:
        """Forget it."""
        self.fold(aggregate.state)
