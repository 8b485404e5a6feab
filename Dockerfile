# The studio in a container. For a CPU, and for NVIDIA's GPUs:
#   docker build -t tempose .
#   docker build -t tempose:cuda --build-arg TORCH=cuda .
ARG TORCH=cpu

FROM python:3.11-slim AS base
WORKDIR /app
COPY containers ./

# Every file that is fetched has the SHA-256 that is written down (make pins). torch first and by itself: on Linux pip's
# own choice holds CUDA; WHEEL may be the address of PyTorch's wheel for a CPU, a tenth of the size, with #sha256=… behind.
FROM base AS cpu
ARG WHEEL=
RUN if [ -n "$WHEEL" ]; then pip install --no-cache-dir --no-deps "$WHEEL"; \
    else pip install --no-cache-dir --require-hashes --requirement torch.txt; fi

FROM base AS cuda
RUN pip install --no-cache-dir --require-hashes --requirement torch.txt
ENV NVIDIA_VISIBLE_DEVICES=all NVIDIA_DRIVER_CAPABILITIES=compute,utility

FROM ${TORCH}
COPY pyproject.toml README.md LICENSE ./
COPY src src
RUN pip install --no-cache-dir --require-hashes --requirement studio.txt \
    && pip install --no-cache-dir --require-hashes --no-deps --requirement mediapipe.txt \
    && pip install --no-cache-dir --no-deps .
RUN useradd --create-home studio
USER studio
EXPOSE 7860
STOPSIGNAL SIGTERM
HEALTHCHECK --start-period=60s CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:7860/health', timeout=5)"]
ENTRYPOINT ["tempose"]
CMD ["serve", "--host", "0.0.0.0"]
