"""Asks a pretend cloud over a real connection, as the engine does."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import grpc
import pytest
from pulumi.runtime.proto import provider_pb2 as proto
from pulumi.runtime.proto.provider_pb2_grpc import ResourceProviderStub

from lepton_infra.rehearsal.cloud import PretendCloud
from lepton_infra.rehearsal.wire import Properties, from_struct, to_struct


@dataclass
class Asker:
    """Speaks as the engine would, about resources of one program."""

    stub: ResourceProviderStub

    def configure(self, settings: Properties) -> None:
        self.stub.Configure(proto.ConfigureRequest(args=to_struct(settings)))

    def check(self, token: str, name: str, news: Properties, olds: Properties | None = None) -> proto.CheckResponse:
        return self.stub.Check(proto.CheckRequest(urn=urn(token, name), news=to_struct(news), olds=to_struct(olds or {})))

    def inputs(self, token: str, name: str, news: Properties, olds: Properties | None = None) -> Properties:
        checked = self.check(token, name, news, olds)
        assert not checked.failures, checked.failures
        return from_struct(checked.inputs)

    def create(self, token: str, name: str, news: Properties, *, preview: bool = False) -> tuple[str, Properties]:
        properties = to_struct(self.inputs(token, name, news))
        made = self.stub.Create(proto.CreateRequest(urn=urn(token, name), properties=properties, preview=preview))
        return made.id, from_struct(made.properties)

    def diff(self, token: str, name: str, olds: Properties, news: Properties, ignore: list[str] | None = None) -> proto.DiffResponse:
        request = proto.DiffRequest(urn=urn(token, name), old_inputs=to_struct(olds), news=to_struct(news), ignoreChanges=ignore)
        return self.stub.Diff(request)

    def update(self, token: str, name: str, identity: str, news: Properties, *, preview: bool = False) -> Properties:
        request = proto.UpdateRequest(id=identity, urn=urn(token, name), news=to_struct(news), preview=preview)
        return from_struct(self.stub.Update(request).properties)

    def read(self, token: str, name: str, identity: str, inputs: Properties | None = None) -> proto.ReadResponse:
        return self.stub.Read(proto.ReadRequest(id=identity, urn=urn(token, name), inputs=to_struct(inputs or {})))

    def delete(self, token: str, name: str, identity: str, inputs: Properties | None = None) -> None:
        self.stub.Delete(proto.DeleteRequest(id=identity, urn=urn(token, name), old_inputs=to_struct(inputs or {})))

    def invoke(self, token: str, arguments: Properties) -> Properties:
        response = self.stub.Invoke(proto.InvokeRequest(tok=token, args=to_struct(arguments)))
        assert not response.failures, response.failures
        return from_struct(getattr(response, "return"))


def urn(token: str, name: str) -> str:
    return f"urn:pulumi:dev::shop::{token}::{name}"


def channel(cloud: PretendCloud, package: str = "aws") -> grpc.Channel:
    ports = dict(pair.split(":") for pair in cloud.environment["PULUMI_DEBUG_PROVIDERS"].split(","))
    return grpc.insecure_channel(f"127.0.0.1:{ports[package]}", options=[("grpc.use_local_subchannel_pool", 1)])


def tamper(store: Path, statement: str, *values: str) -> None:
    """Change the cloud behind everyone's back."""
    with closing(sqlite3.connect(store)) as database, database:
        assert database.execute(statement, values).rowcount > 0


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cloud") / "cloud.sqlite"


@pytest.fixture(scope="session")
def shared_cloud(store: Path) -> Iterator[PretendCloud]:
    with PretendCloud(store) as cloud:
        yield cloud


@pytest.fixture
def cloud(shared_cloud: PretendCloud, store: Path) -> PretendCloud:
    with closing(sqlite3.connect(store)) as database, database:
        database.execute("delete from resources")
        database.execute("delete from attempts")
    return shared_cloud


@pytest.fixture
def aws(cloud: PretendCloud) -> Iterator[Asker]:
    with channel(cloud) as wire:
        asker = Asker(ResourceProviderStub(wire))
        asker.configure({"region": "us-east-1", "defaultTags": '{"tags":{"owner":"me"}}'})
        yield asker
