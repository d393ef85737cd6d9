"""A credential that has let somebody in, and is looked at again while they stay."""

from application.errors import NotAuthenticatedError
from application.identity.authentication import Authenticator
from application.identity.principal import Principal
from domain.identity.roles import Role


class Grant:
    """What was granted on a credential. Raises nothing: who holds it is asked to leave."""

    def __init__(
        self, authenticator: Authenticator, credential: str, principal: Principal, role: Role | None
    ) -> None:
        self._authenticator = authenticator
        self._credential = credential
        self._role = role
        self.principal = principal

    async def still_holds(self) -> bool:
        """Tell whether the credential still lets its holder in, with the role if one is needed.

        Roles that changed end it, too: what it granted is no more what it would grant.
        """
        try:
            principal = await self._authenticator.authenticate(self._credential)
        except NotAuthenticatedError:
            return False
        except Exception:  # noqa: BLE001 - it cannot be told, nor is anything recorded meanwhile
            return True
        if self._role is not None and not principal.has(self._role):
            return False
        return principal.roles == self.principal.roles
