using System.Text.Json.Nodes;
using Waggle.Cli;
using Waggle.Cli.Output;

namespace Waggle.Commands.Explain;

/// <summary><c>explain drop [CODE]</c>, also typed as <c>explain-drop</c>.</summary>
internal static class ExplainCommands
{
    private static readonly Listing<DropReason> Listing = new()
    {
        Columns =
        [
            new("CODE", reason => $"{reason.Code}"), new("NAME", reason => reason.Name), new("MEANING", reason => reason.Handled ? "(no drop) " + reason.Meaning : reason.Meaning),
            new("NEXT", reason => reason.Next, Wide: true),
        ],
        Json = ToJson,
        Name = reason => reason.Name,
    };

    public static Verb Create() => new("explain", "Explain codes that Waggle prints") { Children = () => [Drop("drop", false)] };

    public static Verb Short() => Drop("explain-drop", true);

    private static Verb Drop(string word, bool hidden)
    {
        var output = new OutputFlags();
        var code = Operand.Optional("code", "a number or name; without it, all are listed", _ => DropReasons.All.SelectMany(reason => (Candidate[])[new($"{reason.Code}", reason.Text), new(reason.Name, reason.Text)]));
        return new Verb(word, "Explain why packets are dropped")
        {
            Hidden = hidden,
            Operands = [code],
            Flags = output.All,
            Examples = [new("waggle explain drop 231", "one code, as metrics and monitor print it"), new("waggle explain drop", "all codes")],
            Run = (call, _) => Task.FromResult(Run(call, output.Read(call), call.Get(code))),
        };
    }

    private static ExitCode Run(Call call, OutputRequest request, string? code)
    {
        if (code is null)
        {
            Listing.Print(call.Terminal, request, DropReasons.All);
            return ExitCode.Ok;
        }

        var reason = DropReasons.Find(code) ?? throw CliException.Usage(
            $"there is no drop reason \"{code}\"",
            Suggestions.For(code.Replace(' ', '_').ToUpperInvariant(), DropReasons.All.Select(each => each.Name)) is [var nearest, ..] ? $"Did you mean \"{nearest}\"?" : "\"waggle explain drop\" lists them.");
        if (request.Structured)
        {
            Documents.Write(call.Terminal.Out, request, ToJson(reason));
            return ExitCode.Ok;
        }

        var style = call.Terminal.OutStyle;
        call.Terminal.Out.WriteLine(style.Bold($"{reason.Code} {reason.Name}") + (reason.Handled ? " (handled: no drop)" : ""));
        call.Terminal.Out.WriteLine($"  {reason.Meaning}");
        call.Terminal.Out.WriteLine($"  Next: {reason.Next}");
        return ExitCode.Ok;
    }

    private static JsonObject ToJson(DropReason reason) =>
        new() { ["code"] = reason.Code, ["name"] = reason.Name, ["text"] = reason.Text, ["meaning"] = reason.Meaning, ["next"] = reason.Next, ["handled"] = reason.Handled };
}
