# The platform as one image: Airflow with its providers, DAGs, plugins, include/, the dbt project and its manifest.
# `--target standins` makes the image of what a laptop cannot have (local/), which stands on it.
#
# The base is the official image by default; a mirror of it, or any image with this Python, pip, dumb-init and an
# account 50000 named airflow will do.
ARG BASE_IMAGE=apache/airflow:3.3.2-python3.11

FROM ${BASE_IMAGE} AS dependencies
USER 50000:0
WORKDIR /opt/airflow
ENV AIRFLOW_HOME=/opt/airflow \
    AIRFLOW_CONFIG=/opt/airflow/config/airflow.cfg \
    AIRFLOW__CORE__AUTH_MANAGER=airflow.providers.fab.auth_manager.fab_auth_manager.FabAuthManager \
    AIRFLOW__CORE__DAGS_FOLDER=/opt/airflow/dags \
    AIRFLOW__CORE__PLUGINS_FOLDER=/opt/airflow/plugins \
    AIRFLOW__LOGGING__BASE_LOG_FOLDER=/opt/airflow/logs \
    BACKBEAT_STATE=/opt/airflow/state \
    FIREHOSE_SPOOL=/opt/airflow/state/firehose/spool.jsonl \
    DBT_SEND_ANONYMOUS_USAGE_STATS=false \
    DO_NOT_TRACK=1 \
    PYTHONPATH=/opt/airflow:/opt/airflow/config \
    PYTHONUNBUFFERED=1 \
    USER=airflow
# Folders that volumes are mounted over are made with their owner, which a new volume takes on; the group is 0, so that
# any account may be the user.
RUN mkdir -p logs state/firehose state/warehouse/tls && chmod -R g+rwX logs state
COPY requirements.txt constraints.txt ./
# pip_conf and roots are for a package index of one's own; neither is kept in a layer.
RUN --mount=type=secret,id=pip_conf,target=/etc/pip.conf,mode=0444 \
    --mount=type=secret,id=roots,target=/run/roots.pem,mode=0444 \
    pip install --no-cache-dir --requirement requirements.txt --constraint constraints.txt

FROM dependencies AS platform
COPY config config
COPY deploy/image deploy/image
COPY include include
COPY plugins plugins
COPY dbt dbt
COPY dags dags
# Imports are compiled and dbt's manifest is parsed once, here, by the owner of the code, who is not the account that runs
# it. The manifest's folder is open to the group, for a database of another name, whose manifest is another.
USER 0
RUN python -m compileall -q config deploy include plugins dags \
    && python -m include.transform.manifest \
    && chmod -R g+rwX dbt/manifest logs state
USER 50000:0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="Backbeat" \
      org.opencontainers.image.revision="${REVISION}"
ENTRYPOINT ["/usr/bin/dumb-init", "--", "python", "/opt/airflow/deploy/image/entrypoint.py"]
CMD ["airflow", "version"]

# What a laptop cannot have: the shop platform, Airbyte, Snowflake and Slack, each in a Python environment of its own.
FROM platform AS standins
COPY local/airbyte/requirements.txt local/airbyte/constraints.txt local/airbyte/
COPY local/airbyte/connectors/requirements.txt local/airbyte/connectors/constraints.txt local/airbyte/connectors/
COPY local/slack/requirements.txt local/slack/constraints.txt local/slack/
COPY local/warehouse/requirements.txt local/warehouse/constraints.txt local/warehouse/
COPY local/world/requirements.txt local/world/constraints.txt local/world/
COPY deploy/image/standins.sh deploy/image/
RUN --mount=type=secret,id=pip_conf,target=/etc/pip.conf,mode=0444 \
    --mount=type=secret,id=roots,target=/run/roots.pem,mode=0444 \
    sh deploy/image/standins.sh
COPY local local
COPY deploy/snowflake deploy/snowflake
RUN mkdir -p state/airbyte state/provision state/slack state/world && chmod -R g+rwX state

# The last stage is what `docker build .` makes.
FROM platform
