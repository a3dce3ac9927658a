using Waggle.Hubble.Flows;
using Waggle.Hubble.Protocol.Flows;

namespace Waggle.Hubble.Cel;

/// <summary>
/// A question about a flow in the Common Expression Language (github.com/google/cel-spec), as in
/// <c>_flow.verdict == Verdict.DROPPED &amp;&amp; _flow.l4.TCP.destination_port == 443u</c>. The flow is <c>_flow</c>, of the type
/// flow.Flow; names of the package "flow" need no prefix. Immutable; several threads may ask.
/// </summary>
public sealed class CelFilter
{
    private readonly CelNode _root;

    private CelFilter(CelNode root) => _root = root;

    /// <summary>Checks and compiles an expression whose result is true or false.</summary>
    /// <exception cref="CelException">What is wrong, and where.</exception>
    public static CelFilter Compile(string text) => Compile(text, shortcuts: true);

    internal static CelFilter Compile(string text, bool shortcuts)
    {
        var (type, root) = CelCompiler.Compile(text, shortcuts);
        return type == CelType.Bool ? new CelFilter(root)
            : throw new CelException(text, 0, $"the result is {type}, but a filter needs bool{(type.Kind == CelKind.Bool ? "; compare it, as in … == true" : "")}");
    }

    /// <summary>Whether the flow matches. An error of the evaluation, or one that costs too much, is a no.</summary>
    public bool Matches(in FlowRecord flow)
    {
        var frame = new CelFrame(flow);
        return _root.Eval(ref frame).IsTrue;
    }

    /// <summary>The result for a flow that is there as a message, with the reason of an error.</summary>
    internal CelValue Evaluate(Flow flow) => Evaluate(_root, flow);

    internal static CelValue Evaluate(CelNode root, Flow flow)
    {
        FlowRecord none = default;
        var frame = new CelFrame(in none, flow);
        return root.Eval(ref frame);
    }
}
