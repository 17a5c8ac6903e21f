"""The websocket of live pages: `/live/<tenant>/` tells a browser which topics to look at again."""

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncJsonWebsocketConsumer

from accounts import access
from lepton.lib.live import group_of


class LiveConsumer(AsyncJsonWebsocketConsumer):
    """Passes on a tenant's announcements; carries no data, so there is nothing to leak."""

    async def connect(self):
        tenant = await self._tenant()
        if tenant is None:
            await self.close(code=4404)
            return
        self.topics = None  # until the browser names them: everything
        self.group = group_of(tenant.id)
        await self.channel_layer.group_add(self.group, self.channel_name)
        await self.accept()
        await self.send_json({"topic": "*"})  # whatever changed while there was no socket

    async def disconnect(self, code):
        if hasattr(self, "group"):
            await self.channel_layer.group_discard(self.group, self.channel_name)

    async def receive_json(self, content, **kwargs):
        topics = content.get("topics") if isinstance(content, dict) else None
        if isinstance(topics, list):
            self.topics = {str(topic)[:100] for topic in topics[:200]}

    async def look_again(self, event):
        if self.topics is None or event["topic"] in self.topics:
            await self.send_json({"topic": event["topic"]})

    @database_sync_to_async
    def _tenant(self):
        user, slug = self.scope["user"], self.scope["url_route"]["kwargs"]["tenant"]
        return access.tenant_of(user, slug) if user.is_authenticated else None
