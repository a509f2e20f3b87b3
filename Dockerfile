# Two images of one file: `docker build --target service .` and `docker build --target worker .`
# What the steps do is in deploy/image/, which runs without a container too.
ARG DEBIAN=debian:bookworm-slim

FROM ${DEBIAN} AS system
COPY deploy/image /deploy
# What must be there besides, such as "gcc python3-dev", which Triton needs on CUDA.
ARG PACKAGES=""
RUN sh /deploy/system.sh ${PACKAGES}

FROM system AS service-built
COPY constraints.txt /sources/
COPY requirements /sources/requirements
RUN sh /deploy/packages.sh /sources service
COPY . /sources
RUN sh /deploy/itten.sh /sources

FROM system AS worker-built
# The CPU build of torch; for CUDA: https://pypi.org/simple
ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu
COPY constraints.txt /sources/
COPY requirements /sources/requirements
RUN sh /deploy/packages.sh /sources worker
COPY . /sources
RUN sh /deploy/itten.sh /sources

FROM system AS worker
COPY --from=worker-built /opt/itten /opt/itten
ENV PATH=/opt/itten/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    XDG_CACHE_HOME=/var/cache/itten \
    TRITON_CACHE_DIR=/var/cache/itten/triton
USER itten
WORKDIR /run/itten
RUN sh /deploy/compile.sh
VOLUME ["/run/itten", "/var/cache/itten"]
HEALTHCHECK --interval=10s --timeout=5s --start-period=120s --retries=3 \
    CMD ["itten", "health", "--url", "unix:/run/itten/worker.sock"]
ENTRYPOINT ["tini", "--", "itten"]
CMD ["worker", "--listen", "unix:/run/itten/worker.sock"]
ARG VERSION=""
ARG REVISION=""
LABEL org.opencontainers.image.title="Itten, worker" \
      org.opencontainers.image.description="Computes Fiedler vectors and shades pictures, on the CPU or on CUDA" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"

FROM system AS service
COPY --from=service-built /opt/itten /opt/itten
ENV PATH=/opt/itten/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    ITTEN_HOST=0.0.0.0 \
    ITTEN_DATA=/var/lib/itten \
    ITTEN_WORKERS=unix:/run/itten/worker.sock
USER itten
WORKDIR /var/lib/itten
VOLUME ["/run/itten", "/var/lib/itten"]
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=120s --retries=3 CMD ["itten", "health"]
ENTRYPOINT ["tini", "--", "itten"]
CMD ["serve"]
ARG VERSION=""
ARG REVISION=""
LABEL org.opencontainers.image.title="Itten, service" \
      org.opencontainers.image.description="Shades images by the spectrum of their own graph, by a deadline" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
