"""What addresses of workflows hold."""

from typing import Annotated

from litestar.params import Parameter

TemplateId = Annotated[str, Parameter(description="The id of a template")]
ContentUid = Annotated[str, Parameter(description="The uid of a content")]

READ_MODELS = ("workflows",)
