using System.Net;
using Waggle.Cel;

namespace Waggle.Lab.ApiServer;

/// <summary>What a rule is evaluated on.</summary>
/// <param name="Self">The value that the rule is about.</param>
/// <param name="OldSelf">What it was before an update; else an error.</param>
internal readonly record struct RuleInput(CelValue Self, CelValue OldSelf);

/// <summary>What rules of CRDs may speak of: the value and what it was before, and the functions that Kubernetes adds to the language.</summary>
internal sealed class RuleEnvironment : CelEnvironment<RuleInput>
{
    /// <summary>Units that all rules of an object may cost together.</summary>
    public const int Cost = 10_000_000;

    private static readonly (CelType, CelNode<RuleInput>) s_self = (CelType.Dyn, new InputNode(old: false));
    private static readonly (CelType, CelNode<RuleInput>) s_oldSelf = (CelType.Dyn, new InputNode(old: true));

    public static RuleEnvironment Instance { get; } = new();

    public override CelLimits Limits { get; } = new() { Length = 16 * 1024, Depth = 100, Variables = 32, Cost = Cost };

    public override ILookup<string, CelFunction> Functions { get; } = CelStandard.All.Concat(CelStrings.All).Concat(CelCollections.All).Concat(
    [
        Test("isIP", s => IPAddress.TryParse(s, out _)),
        Test("isCIDR", Formats.IsCidr),
        Test("isURL", s => Uri.TryCreate(s, UriKind.Absolute, out _)),
        Test("isQuantity", s => Formats.Fault("quantity", s) is null),
    ]).ToLookup(f => f.Name);

    public override string Subject => "the value";

    public override string SubjectName => "self";

    public override IEnumerable<string> Names => ["self", "oldSelf"];

    public override (CelType Type, CelNode<RuleInput> Node)? Variable(string name) => name switch { "self" => s_self, "oldSelf" => s_oldSelf, _ => null };

    /// <summary>Field names that CEL could not spell are escaped by Kubernetes: __namespace__, __dash__ and the like.</summary>
    public override string FieldName(string written)
    {
        if (!written.Contains("__", StringComparison.Ordinal))
        {
            return written;
        }
        if (written.StartsWith("__", StringComparison.Ordinal) && written.EndsWith("__", StringComparison.Ordinal) && written.Length > 4 && written.IndexOf("__", 2, StringComparison.Ordinal) == written.Length - 2)
        {
            return written[2..^2];
        }
        return written.Replace("__dot__", ".", StringComparison.Ordinal).Replace("__dash__", "-", StringComparison.Ordinal).Replace("__slash__", "/", StringComparison.Ordinal).Replace("__underscores__", "__", StringComparison.Ordinal);
    }

    private static CelFunction Test(string name, Func<string, bool> test) =>
        new(name, false, CelType.Bool, (ref budget, in x, in y, in z) => budget.Charge(x.String.Length) ? CelValue.Of(test(x.String)) : CelBudget.Exhausted, CelType.String);

    private sealed class InputNode(bool old) : CelNode<RuleInput>
    {
        public override CelValue Eval(ref CelFrame<RuleInput> frame) => old ? frame.Input.OldSelf : frame.Input.Self;
    }
}
