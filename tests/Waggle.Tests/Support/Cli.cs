using Waggle.Cli;
using Waggle.Commands;

namespace Waggle.Tests.Support;

/// <summary>What a command left behind.</summary>
internal sealed record Outcome(ExitCode Code, string Output, string Error);

/// <summary>Runs command lines inside the test, without a process.</summary>
internal static class InProcess
{
    public static readonly HostEnvironment Nowhere = new(_ => null) { AgentSocket = "/nonexistent/sock", BpfRoot = "/nonexistent/bpf", LabRoot = "/nonexistent/labs" };

    public static Task<Outcome> RunAsync(params string[] words) => RunAsync(Nowhere, words);

    public static Task<Outcome> RunAsync(HostEnvironment environment, params string[] words)
    {
        var (tool, prefix) = Tools.ForName(words[0]);
        return RunAsync(tool, environment, [.. prefix, .. words[1..]]);
    }

    public static async Task<Outcome> RunAsync(Verb tool, HostEnvironment environment, IReadOnlyList<string> arguments, bool terminal = false)
    {
        using var output = new StringWriter { NewLine = "\n" };
        using var error = new StringWriter { NewLine = "\n" };
        using var both = new Terminal(output, error, terminal, terminal);
        var code = await new Host(tool, both, environment, Failures.Explain).RunAsync(arguments);
        return new Outcome(code, output.ToString(), error.ToString());
    }
}
