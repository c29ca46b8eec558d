"""The stack's broker with a second door: SASL and ACLs for who comes through it.

Everybody who comes through the first door is a super user, so the rest of the stack notices nothing.
"""

from confluent_kafka import KafkaException
from confluent_kafka.admin import (  # type: ignore[attr-defined]
    AclBinding,
    AclOperation,
    AclPermissionType,
    ResourcePatternType,
    ResourceType,
)
from stack import Settings, Stack, StackError
from stack.kafka import Kafka
from stack.pipeline import Spec
from stack.ports import any_free
from stack.settings import HOST

_MODULE = "org.apache.kafka.common.security.plain.PlainLoginModule required"
USER, PASSWORD = "clerk", "clerk-4711-secret"


class GuardedKafka(Kafka):
    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self._door = settings.directory / "kafka.guarded-port"

    @property
    def guarded_servers(self) -> str:
        """The same port for the life of the stack's folder: connectors know it."""
        if not self._door.exists():
            self._door.parent.mkdir(parents=True, exist_ok=True)
            self._door.write_text(str(any_free()))
        return f"{HOST}:{self._door.read_text()}"

    def clients(self, prefix: str, password: str = PASSWORD) -> dict[str, str]:
        """Settings of a Kafka client, each under `prefix`, that comes through the guarded door."""
        return {
            f"{prefix}bootstrap.servers": self.guarded_servers,
            f"{prefix}security.protocol": "SASL_PLAINTEXT",
            f"{prefix}sasl.mechanism": "PLAIN",
            f"{prefix}sasl.jaas.config": f'{_MODULE} username="{USER}" password="{password}";',
        }

    def allow_topic(self, topic: str, *operations: str) -> None:
        """`READ`, `WRITE`, `DESCRIBE` … on one topic, and on nothing else."""
        admin = self._admin()  # kept: its answers end with it
        for operation in operations:
            binding = AclBinding(
                ResourceType.TOPIC,
                topic,
                ResourcePatternType.LITERAL,
                f"User:{USER}",
                "*",
                AclOperation[operation],
                AclPermissionType.ALLOW,
            )
            for answer in admin.create_acls([binding]).values():
                try:
                    answer.result(10)
                except KafkaException as error:
                    raise StackError(f"kafka did not allow {operation} on {topic}: {error}") from error

    def _properties(self) -> dict[str, object]:
        open_doors = super()._properties()
        return {
            **open_doors,
            "listeners": f"{open_doors['listeners']},SASL_PLAINTEXT://{self.guarded_servers}",
            "advertised.listeners": f"{open_doors['advertised.listeners']},SASL_PLAINTEXT://{self.guarded_servers}",
            "listener.security.protocol.map": (
                f"{open_doors['listener.security.protocol.map']},SASL_PLAINTEXT:SASL_PLAINTEXT"
            ),
            "inter.broker.listener.name": "PLAINTEXT",
            "sasl.enabled.mechanisms": "PLAIN",
            "listener.name.sasl_plaintext.plain.sasl.jaas.config": f'{_MODULE} user_{USER}="{PASSWORD}";',
            "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
            "super.users": "User:ANONYMOUS",
        }


class GuardedStack(Stack):
    """The stack as it is, on that broker."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self.kafka: GuardedKafka = GuardedKafka(settings)
        self._every_part = {**self._every_part, self.kafka.name: self.kafka}
        self.pipeline = self.pipeline_of(Spec())
