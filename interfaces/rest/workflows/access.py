"""Who acts on workflows, by the name that role assignments call them."""

from application.identity.principal import Principal
from domain.workflows.participants import Actor


def actor_of(principal: Principal) -> Actor:
    """Give the actor: a user by their name, an API key as ``api_key:5``."""
    user_id = principal.name if principal.key_id is None else principal.actor
    return Actor(user_id=user_id, roles=principal.roles)
