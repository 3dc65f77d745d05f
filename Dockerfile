# The image of the command line and of Dagster. Built and started by docker-compose.yml.
FROM python:3.13-slim AS build
RUN pip install --no-cache-dir uv==0.13.9
ENV UV_LINK_MODE=copy UV_COMPILE_BYTECODE=1 UV_PYTHON_DOWNLOADS=never UV_PROJECT_ENVIRONMENT=/opt/isthmus
WORKDIR /src
COPY pyproject.toml uv.lock README.md LICENSE ./
RUN uv sync --frozen --no-install-project --no-default-groups --extra postgres --extra ldap --extra salesforce --extra dagster --extra serve --extra otel --extra sftp --extra soap --extra storage
COPY mappings mappings
COPY connectors connectors
COPY idp_core idp_core
COPY pipelines pipelines
RUN uv sync --frozen --no-editable --no-default-groups --extra postgres --extra ldap --extra salesforce --extra dagster --extra serve --extra otel --extra sftp --extra soap --extra storage

FROM python:3.13-slim
RUN useradd --system --uid 10001 --home-dir /project isthmus && install -d -o isthmus -g isthmus /project
COPY --from=build /opt/isthmus /opt/isthmus
# The current folder is a project of the user's: no file of it may pass for one of our packages.
ENV PATH=/opt/isthmus/bin:$PATH PYTHONSAFEPATH=1 PYTHONUNBUFFERED=1 ISTHMUS_LOG_FORMAT=json
USER isthmus
WORKDIR /project
VOLUME /project
ENTRYPOINT ["isthmus"]
CMD ["--help"]
