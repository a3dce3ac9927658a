using Waggle.Cel;
using Waggle.Hubble.Flows;

namespace Waggle.Hubble.Cel;

/// <summary>
/// A question about a flow in the Common Expression Language (github.com/google/cel-spec), as in
/// <c>_flow.verdict == Verdict.DROPPED &amp;&amp; _flow.l4.TCP.destination_port == 443u</c>. The flow is <c>_flow</c>, of the type
/// flow.Flow; names of the package "flow" need no prefix. Immutable; several threads may ask.
/// </summary>
public sealed class CelFilter
{
    private static readonly FlowEnvironment Environment = new(shortcuts: true);

    private readonly CelProgram<FlowInput> _program;

    private CelFilter(CelProgram<FlowInput> program) => _program = program;

    /// <summary>Checks and compiles an expression whose result is true or false.</summary>
    /// <exception cref="CelException">What is wrong, and where.</exception>
    public static CelFilter Compile(string text)
    {
        var program = CelProgram<FlowInput>.Compile(text, Environment);
        return program.Type == CelType.Bool ? new CelFilter(program)
            : throw new CelException(text, 0, $"the result is {program.Type}, but a filter needs bool{(program.Type.Kind == CelKind.Bool ? "; compare it, as in … == true" : "")}");
    }

    /// <summary>Whether the flow matches. An error of the evaluation, or one that costs too much, is a no.</summary>
    public bool Matches(in FlowRecord flow) => _program.Evaluate(new FlowInput(flow)).IsTrue;
}
