"""What reads the log from a checkpoint of its own."""

from application.subscription import Subscription
from projections.projection import Projection

Follower = Projection | Subscription
