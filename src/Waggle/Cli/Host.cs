using System.CommandLine;
using System.Runtime.InteropServices;

namespace Waggle.Cli;

/// <summary>Parses a command line against a tool's verbs, runs the one it names, and turns every outcome into an exit code.</summary>
/// <param name="explain">Makes a failure of the layers below presentable; null for what nobody expected.</param>
public sealed class Host(Verb tool, Terminal terminal, HostEnvironment environment, Func<Exception, CliException?> explain)
{
    private static readonly ParserConfiguration Parser = new() { ResponseFileTokenReplacer = null };

    /// <summary>Runs one command line.</summary>
    public async Task<ExitCode> RunAsync(IReadOnlyList<string> arguments)
    {
        try
        {
            var code = await DispatchAsync(arguments).ConfigureAwait(false);
            terminal.Flush();
            return code;
        }
        catch (Exception failure) when (explain(failure) is { } told)
        {
            return Report(told.Message, told.Hint, told.ExitCode);
        }
        catch (OperationCanceledException)
        {
            terminal.Dispose();
            return ExitCode.Interrupted;
        }
        catch (IOException gone) when (IsBrokenPipe(gone))
        {
            return ExitCode.BrokenPipe;
        }
        catch (UnauthorizedAccessException denied)
        {
            return Report(denied.Message, "most commands need root; try again with sudo", ExitCode.Failed);
        }
        catch (Exception defect)
        {
            // Nobody expected this: the report needs the whole trace, the user one line.
            var trace = environment.Variable("WAGGLE_TRACE") is { Length: > 0 } ? defect.ToString() : "This is a defect of Waggle. Please report it with what this prints when WAGGLE_TRACE=1 is set.";
            return Report($"unexpected {defect.GetType().Name}: {defect.Message}", trace, ExitCode.Failed);
        }
    }

    private async Task<ExitCode> DispatchAsync(IReadOnlyList<string> arguments)
    {
        if (PassThrough.Find(tool, arguments) is { } direct)
        {
            return await RunVerbAsync(direct.Verb, new Call(direct.Path, null, direct.Arguments, terminal, environment)).ConfigureAwait(false);
        }

        var tree = CommandTree.For(tool, arguments);
        var parsed = tree.Root.Parse(tree.Plain(arguments), Parser);
        var path = tree.PathTo(parsed);
        var verb = path[^1];

        Apply(tree.Globals, parsed);
        if (parsed.GetValue(tree.Globals.Help))
        {
            new HelpWriter(terminal.Out, terminal.OutStyle).Write(path, tree.Globals);
            return ExitCode.Ok;
        }

        if (UsageErrors.Check(path, parsed, tree.Globals) is { } wrong)
        {
            throw wrong;
        }

        if (verb.Run is null)
        {
            // The bare tool introduces itself; an unfinished command is a mistake.
            var introduce = arguments.Count == 0;
            new HelpWriter(introduce ? terminal.Out : terminal.Error, introduce ? terminal.OutStyle : terminal.ErrorStyle).Write(path, tree.Globals);
            return introduce ? ExitCode.Ok : ExitCode.Usage;
        }

        return await RunVerbAsync(verb, new Call([.. path.Select(each => each.Name)], parsed, [], terminal, environment)).ConfigureAwait(false);
    }

    private void Apply(GlobalFlags globals, ParseResult parsed)
    {
        var when = parsed.GetResult(globals.Color) is { Errors: var errors } && errors.Any() ? "auto" : parsed.GetValue(globals.Color) ?? "auto";
        terminal.OutStyle = Palette.Choose(when, terminal.OutIsTerminal, environment.Variable);
        terminal.ErrorStyle = Palette.Choose(when, terminal.ErrorIsTerminal, environment.Variable);
        terminal.Quiet = parsed.GetValue(globals.Quiet);
        if (when is not ("auto" or "always" or "never"))
        {
            throw CliException.Usage($"--color cannot be \"{when}\"", "use auto, always or never");
        }
    }

    private static async Task<ExitCode> RunVerbAsync(Verb verb, Call call)
    {
        if (!verb.LongRunning)
        {
            return await verb.Run!(call, CancellationToken.None).ConfigureAwait(false);
        }

        using var stop = new CancellationTokenSource();
        var asked = 0;
        void Stop(PosixSignalContext context)
        {
            // The second Ctrl-C is meant: leave it to the default action.
            context.Cancel = Interlocked.Increment(ref asked) == 1;
            stop.Cancel();
        }

        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        using var hangup = PosixSignalRegistration.Create(PosixSignal.SIGHUP, Stop);
        return await verb.Run!(call, stop.Token).ConfigureAwait(false);
    }

    private ExitCode Report(string message, string? hint, ExitCode code)
    {
        try
        {
            terminal.Out.Flush();
        }
        catch (IOException)
        {
        }

        terminal.Error.WriteLine(terminal.ErrorStyle.Red("Error: ") + message);
        if (hint is not null)
        {
            terminal.Error.WriteLine(hint);
        }

        terminal.Error.Flush();
        return code;
    }

    private static bool IsBrokenPipe(IOException exception) =>
        exception.HResult == 32 || exception.Message.Contains("Broken pipe", StringComparison.OrdinalIgnoreCase) || exception.Message.Contains("Pipe is broken", StringComparison.OrdinalIgnoreCase);
}
