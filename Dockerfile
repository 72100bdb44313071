# syntax=docker/dockerfile:1.7
# Medley as an image. On a machine with an NVIDIA GPU:
#   docker build --build-arg TORCH=https://download.pytorch.org/whl/cu128 -t medley:cuda .
# For media on S3, and workers of a Dask cluster:
#   docker build --build-arg EXTRAS=offline,ocr,models,remote,dask --build-arg ALSO=s3fs -t medley:s3 .

ARG PYTHON=3.11.14-slim-bookworm

FROM python:${PYTHON} AS build
ARG EXTRAS=offline,ocr,models
ARG ALSO=
ARG TORCH=https://download.pytorch.org/whl/cpu
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_COMPILE=0
WORKDIR /src
RUN python -m venv /opt/medley
ENV PATH=/opt/medley/bin:$PATH
COPY constraints.txt ./
# First what changes seldom and is large: torch, for the CPU or with its CUDA libraries.
RUN --mount=type=cache,target=/root/.cache/pip \
    pip install --constraint constraints.txt --index-url "${TORCH}" --extra-index-url https://pypi.org/simple torch
COPY pyproject.toml README.md LICENSE ./
COPY schemas schemas
COPY readers readers
COPY encoders encoders
COPY store store
COPY fusion fusion
COPY query query
COPY flows flows
COPY medley medley
RUN --mount=type=cache,target=/root/.cache/pip \
    pip install --constraint constraints.txt ".[${EXTRAS}]" ${ALSO}

FROM python:${PYTHON} AS medley
RUN groupadd --gid 10001 medley && useradd --uid 10001 --gid medley --create-home medley \
    && install --directory --owner medley --group medley /data
COPY --from=build /opt/medley /opt/medley
ENV PATH=/opt/medley/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    DO_NOT_TRACK=1 \
    PREFECT_SERVER_ANALYTICS_ENABLED=false \
    MEDLEY_STORE=/data/store
# Numbers, so that an orchestrator sees that it is not root.
USER 10001:10001
WORKDIR /data
VOLUME /data
EXPOSE 8707
STOPSIGNAL SIGTERM
ENTRYPOINT ["medley"]
CMD ["--help"]
