"""The unmodified SDK (airbyte-api), whose models refuse any answer that is not as Airbyte documents it."""

from __future__ import annotations

import pytest
from airbyte_api import AirbyteAPI, api, models
from airbyte_api.errors import SDKError

from tests.contracts.airbyte.client import CLIENT_ID, CLIENT_SECRET, Airbyte
from tests.contracts.airbyte.shop import Database, Warehouse, insert_orders


@pytest.fixture
def sdk(airbyte: Airbyte) -> AirbyteAPI:
    credentials = models.SchemeClientCredentials(
        client_id=CLIENT_ID, client_secret=CLIENT_SECRET, token_url="/api/public/v1/applications/token"
    )
    return AirbyteAPI(server_url=airbyte.public_url, security=models.Security(client_credentials=credentials))


def test_workspaces_and_definitions_can_be_read(sdk: AirbyteAPI) -> None:
    workspaces = sdk.workspaces.list_workspaces(request=api.ListWorkspacesRequest()).workspaces_response
    assert workspaces
    workspace = workspaces.data[0].workspace_id
    found = sdk.workspaces.get_workspace(request=api.GetWorkspaceRequest(workspace_id=workspace)).workspace_response
    assert found
    assert found.workspace_id == workspace
    sources = sdk.source_definitions.list_source_definitions(
        request=api.ListSourceDefinitionsRequest(workspace_id=workspace)
    ).definitions_response
    assert sources
    assert {definition.name for definition in sources.data} == {"Amplitude", "Postgres", "Stripe"}
    destinations = sdk.destination_definitions.list_destination_definitions(
        request=api.ListDestinationDefinitionsRequest(workspace_id=workspace)
    ).definitions_response
    assert destinations
    assert [definition.name for definition in destinations.data] == ["Snowflake"]


def test_a_pipeline_is_made_run_and_taken_down_with_the_sdk_alone(
    sdk: AirbyteAPI, airbyte: Airbyte, shop: Database, warehouse: Warehouse, schema: str
) -> None:
    shop.run(insert_orders(1, 10))
    configuration = {key: value for key, value in shop.configuration.items() if key != "ssl_mode"}
    source = sdk.sources.create_source(
        request=models.SourceCreateRequest(
            name=schema,
            workspace_id=airbyte.workspace,
            definition_id="decd338e-5647-4c0b-adf4-da0e75f5a750",
            # The SDK has a model per connector; a plain mapping goes over the wire just the same.
            configuration={**configuration, "sourceType": "postgres"},  # type: ignore[arg-type]
        )
    ).source_response
    assert source
    destination = airbyte.destination(warehouse.configuration)
    streams = sdk.streams.get_stream_properties(
        request=api.GetStreamPropertiesRequest(source_id=source.source_id, destination_id=destination)
    ).stream_properties_response
    assert streams
    assert streams[0].source_defined_primary_key == [["order_id"]]
    connection = sdk.connections.create_connection(
        request=models.ConnectionCreateRequest(
            name=schema,
            source_id=source.source_id,
            destination_id=destination,
            namespace_definition=models.NamespaceDefinitionEnum.CUSTOM_FORMAT,
            namespace_format=schema,
            schedule=models.AirbyteAPIConnectionSchedule(schedule_type=models.ScheduleTypeEnum.MANUAL),
            configurations=models.StreamConfigurations(
                streams=[
                    models.StreamConfiguration(
                        name="orders",
                        sync_mode=models.ConnectionSyncModeEnum.INCREMENTAL_DEDUPED_HISTORY,
                        cursor_field=["updated_at"],
                    )
                ]
            ),
        )
    ).connection_response
    assert connection
    assert connection.configurations.streams
    assert connection.configurations.streams[0].primary_key == [["order_id"]]

    job = sdk.jobs.create_job(
        request=models.JobCreateRequest(connection_id=connection.connection_id, job_type=models.JobTypeEnum.SYNC)
    ).job_response
    assert job
    airbyte.wait(job.job_id)
    done = sdk.jobs.get_job(request=api.GetJobRequest(job_id=job.job_id)).job_response
    assert done
    assert (done.status, done.rows_synced) == (models.JobStatusEnum.SUCCEEDED, 10)
    listed = sdk.jobs.list_jobs(
        request=api.ListJobsRequest(connection_id=connection.connection_id, order_by="createdAt|DESC", limit=5)
    ).jobs_response
    assert listed
    assert [one.job_id for one in listed.data] == [job.job_id]

    sdk.connections.delete_connection(request=api.DeleteConnectionRequest(connection_id=connection.connection_id))
    sdk.sources.delete_source(request=api.DeleteSourceRequest(source_id=source.source_id))
    with pytest.raises(SDKError, match="resource-not-found"):
        sdk.sources.get_source(request=api.GetSourceRequest(source_id=source.source_id))


def test_every_status_a_job_can_have_is_one_the_sdk_knows(airbyte: Airbyte, sdk: AirbyteAPI, orders: str) -> None:
    seen: set[str] = set()
    airbyte.fault("start_delay", s=0.5)
    airbyte.fault("queued", s=0.5)
    airbyte.fault("fail_attempts", n=1)
    job_id = airbyte.start(orders)
    while not seen & {"succeeded", "failed"}:
        job = sdk.jobs.get_job(request=api.GetJobRequest(job_id=job_id)).job_response
        assert job
        seen.add(job.status.value)
    assert seen >= {"pending", "queued", "incomplete", "succeeded"}
