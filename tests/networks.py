"""ONNX files of the smallest kind, for the tests of networks that users bring."""


def field(number, value):
    """One field of a protocol buffer: whole numbers, texts and nested messages."""

    def varint(n):
        return bytes([n]) if n < 128 else bytes([n % 128 + 128]) + varint(n // 128)

    if isinstance(value, int):
        return varint(8 * number) + varint(value)
    value = value.encode() if isinstance(value, str) else value
    return varint(8 * number + 2) + varint(len(value)) + value


def onnx_model(input_shape, output_shape, *, axis, inputs=("x",)):
    """An ONNX file whose network takes the mean over an axis of a picture."""

    def info(name, shape):
        dims = b"".join(field(1, field(1 if isinstance(side, int) else 2, side)) for side in shape)
        return field(1, name) + field(2, field(1, field(1, 1) + field(2, dims)))

    axes = field(1, "axes") + field(8, axis) + field(20, 7)
    node = field(1, "x") + field(2, "y") + field(4, "ReduceMean") + field(5, axes)
    graph = field(1, node) + field(2, "mean") + b"".join(field(11, info(name, input_shape)) for name in inputs)
    return field(1, 8) + field(8, field(2, 13)) + field(7, graph + field(12, info("y", output_shape)))


def onnx_that_shows_a_file(location, *, side):
    """An ONNX file whose network shows, instead of a mask, the float32 numbers of another file."""

    def info(name, *shape):
        dims = b"".join(field(1, field(1, side)) for side in shape)
        return field(1, name) + field(2, field(1, field(1, 1) + field(2, dims)))

    facts = (("location", location), ("offset", "0"), ("length", str(4 * side * side)))
    outside = b"".join(field(13, field(1, key) + field(2, value)) for key, value in facts)
    weights = b"".join(field(1, n) for n in (1, 1, side, side)) + field(2, 1) + field(8, "w") + outside + field(14, 1)
    node = field(1, "w") + field(2, "y") + field(4, "Identity")
    graph = field(1, node) + field(2, "shown") + field(5, weights) + field(11, info("x", 1, 3, side, side))
    return field(1, 8) + field(8, field(2, 13)) + field(7, graph + field(12, info("y", 1, 1, side, side)))


def onnx_that_never_ends(*, side):
    """An ONNX file whose network takes the mean over the channels of a picture, and then goes on for ever."""

    def info(name, kind, *shape):
        dims = b"".join(field(1, field(1, side)) for side in shape)
        return field(1, name) + field(2, field(1, field(1, kind) + field(2, dims)))

    def node(kind, inputs, output, attribute):
        return b"".join(field(1, name) for name in inputs) + field(2, output) + field(4, kind) + field(5, attribute)

    real, whole, truth = 1, 7, 9
    same = [field(1, field(1, a) + field(2, b) + field(4, "Identity")) for a, b in (("on", "go on"), ("v", "next v"))]
    inside = b"".join(field(11, info(*each)) for each in (("n", whole), ("on", truth), ("v", real, 1, 1, side, side)))
    outside = b"".join(field(12, info(*each)) for each in (("go on", truth), ("next v", real, 1, 1, side, side)))
    body = b"".join(same) + field(2, "body") + inside + outside
    true = field(2, truth) + field(8, "true") + field(9, b"\1")
    mean = node("ReduceMean", ["x"], "m", field(1, "axes") + field(8, 1) + field(20, 7))
    loop = node("Loop", ["", "true", "m"], "y", field(1, "body") + field(6, body) + field(20, 5))
    graph = field(1, mean) + field(1, loop) + field(2, "endless") + field(5, true)
    graph += field(11, info("x", real, 1, 3, side, side)) + field(12, info("y", real, 1, 1, side, side))
    return field(1, 8) + field(8, field(2, 13)) + field(7, graph)
