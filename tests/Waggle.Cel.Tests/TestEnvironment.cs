namespace Waggle.Cel.Tests;

/// <summary>An environment with everything that one can have: a variable of no known type ("self"), an object ("point"), constants.</summary>
internal sealed class TestEnvironment : CelEnvironment<CelValue>
{
    public static TestEnvironment Instance { get; } = new();

    public override CelLimits Limits { get; } = new() { Length = 4096, Depth = 100, Variables = 6, Cost = 100_000 };

    public override ILookup<string, CelFunction> Functions { get; } = CelStandard.All.Concat(CelStrings.All).Concat(CelCollections.All).ToLookup(f => f.Name);

    public override string Subject => "the value";

    public override string SubjectName => "self";

    public override (CelType Type, CelNode<CelValue> Node)? Variable(string name) => name switch
    {
        "self" => (CelType.Dyn, new InputNode()),
        "point" => (CelType.Of(PointType.Instance), new PointNode("")),
        _ => null,
    };

    public override (CelType Type, CelValue Value)? Constant(string name) => name == "Color.RED" ? (CelType.Int, CelValue.Of(7)) : base.Constant(name);

    public override string? WhyNoConstant(string name) => name.StartsWith("Color.", StringComparison.Ordinal) ? $"there is no such color; did you mean \"{Nearest(name, ["Color.RED"])}\"?" : null;

    public override CelObjectType? TypeOf(object value) => value is Point ? PointType.Instance : null;

    public override string FieldName(string written) => written.Replace("__dash__", "-", StringComparison.Ordinal);

    public override string? Nearest(string typed, IEnumerable<string> known) => known.FirstOrDefault(k => k.Length == typed.Length && k.Zip(typed).Count(p => p.First != p.Second) == 1);

    public static CelProgram<CelValue> Compile(string text) => CelProgram<CelValue>.Compile(text, Instance);

    public static CelValue Evaluate(string text) => Evaluate(text, CelValue.Null);

    public static CelValue Evaluate(string text, CelValue self) => Compile(text).Evaluate(self);

    private sealed class InputNode : CelNode<CelValue>
    {
        public override CelValue Eval(ref CelFrame<CelValue> frame) => frame.Input;
    }

    /// <summary>Fields of the object by a way of its own, as flows have one.</summary>
    private sealed class PointNode(string path) : CelNode<CelValue>
    {
        public override CelNode<CelValue>? Field(string name, bool test) => name == "next" && !test ? new PointNode(path + ".next") : null;

        public override CelValue Eval(ref CelFrame<CelValue> frame) => CelValue.OfObject(new Point(3, path));
    }
}

internal sealed record Point(long X, string Name);

internal sealed record PointType : CelObjectType
{
    public static PointType Instance { get; } = new();

    public override string Name => "test.Point";

    public override IEnumerable<string> Fields => ["x", "name", "next", "tags"];

    public override CelField? Find(string name) => name switch
    {
        "x" => new Field(CelType.Int, p => CelValue.Of(p.X)),
        "name" => new Field(CelType.String, p => CelValue.Of(p.Name)),
        "next" => new Field(CelType.Of(this), CelValue.OfObject),
        "tags" => new Field(CelType.ListOf(CelType.String), p => CelValue.OfList(new List<string> { "a", p.Name })),
        _ => null,
    };

    private sealed class Field(CelType type, Func<Point, CelValue> get) : CelField
    {
        public override CelType Type => type;

        public override CelValue Get(object target) => get((Point)target);

        public override bool Has(object target) => type != CelType.String || ((Point)target).Name.Length > 0;
    }
}
