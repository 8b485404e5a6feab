# The studio in a container. For a CPU, and for NVIDIA's GPUs:
#   docker build -t tempose .
#   docker build -t tempose:cuda --build-arg TORCH=cuda .
ARG TORCH=cpu

FROM python:3.11-slim AS base
WORKDIR /app
COPY constraints.txt ./

# torch first and by itself. On Linux pip's own choice holds CUDA; WHEEL may be the address of PyTorch's wheel for a CPU,
# a tenth of the size.
FROM base AS cpu
ARG WHEEL=torch
RUN pip install --no-cache-dir --constraint constraints.txt "$WHEEL"

FROM base AS cuda
RUN pip install --no-cache-dir --constraint constraints.txt torch
ENV NVIDIA_VISIBLE_DEVICES=all NVIDIA_DRIVER_CAPABILITIES=compute,utility

FROM ${TORCH}
COPY pyproject.toml README.md LICENSE ./
COPY src src
RUN pip install --no-cache-dir --constraint constraints.txt '.[pose,web]' \
    && pip install --no-cache-dir --constraint constraints.txt --no-deps mediapipe
RUN useradd --create-home studio
USER studio
EXPOSE 7860
STOPSIGNAL SIGTERM
HEALTHCHECK --start-period=60s CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:7860/health', timeout=5)"]
ENTRYPOINT ["tempose"]
CMD ["serve", "--host", "0.0.0.0"]
