"""dbt inside Airflow: the only Cosmos configuration of the platform, and the assets of what dbt builds.

A DAG file needs `group.build` and `group.BUILD_PARAMS`; a DAG that starts from other pipelines' models needs
`group.upstream_assets`. How the tasks of a group run is this package's own matter and nobody else's.
"""
