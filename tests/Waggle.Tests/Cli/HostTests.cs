using Waggle.Cli;
using Waggle.Tests.Support;

namespace Waggle.Tests.Cli;

public sealed class HostTests
{
    [Theory]
    [InlineData("lst", "unknown command \"lst\" for \"demo things\"", "\"list\"")]
    [InlineData("lisst", "unknown command \"lisst\" for \"demo things\"", "\"list\"")]
    public async Task Run_MistypedCommand_SuggestsTheNearest(string typed, string message, string hint)
    {
        var outcome = await RunAsync("things", typed);
        Assert.Equal((ExitCode.Usage, ""), (outcome.Code, outcome.Output));
        Assert.Contains(message, outcome.Error);
        Assert.Contains(hint, outcome.Error);
    }

    [Fact]
    public async Task Run_MistypedFlag_SuggestsTheNearest()
    {
        var outcome = await RunAsync("things", "list", "--colour", "x");
        Assert.Equal(ExitCode.Usage, outcome.Code);
        Assert.Contains("unknown flag \"--colour\" for \"demo things list\"", outcome.Error);
        Assert.Contains("\"--color\"", outcome.Error);
    }

    [Theory]
    [InlineData("--nope", "things", "get", "--nope")]
    [InlineData("--nope", "things", "get", "--nope", "a")]
    [InlineData("--nope", "things", "get", "--nope=3")]
    [InlineData("-x", "things", "get", "-x")]
    [InlineData("--nope", "things", "all", "a", "--nope", "b")]
    public async Task Run_UnknownFlagWhereAnArgumentMayStand_IsNoArgument(string flag, params string[] words)
    {
        var outcome = await RunAsync(words);
        Assert.Equal((ExitCode.Usage, ""), (outcome.Code, outcome.Output));
        Assert.Contains($"unknown flag \"{flag}\" for", outcome.Error);
    }

    [Theory]
    [InlineData("-", "things", "get", "-")]
    [InlineData("--nope", "things", "get", "--", "--nope")]
    [InlineData("a|-|b", "things", "all", "a", "-", "b")]
    [InlineData("a|-x|--nope", "things", "all", "a", "--", "-x", "--nope")]
    public async Task Run_DashOrWordsAfterTwoDashes_AreArguments(string arguments, params string[] words) => Assert.Equal(new Outcome(ExitCode.Ok, arguments + "\n", ""), await RunAsync(words));

    [Fact]
    public async Task Run_AnUnknownCommandBeforeKnownOnes_IsTheOneThatIsNamed() => Assert.Contains("unknown command \"nope\" for \"demo\"", (await RunAsync("nope", "things", "list")).Error);

    [Fact]
    public async Task Run_FlagWithoutValue_SaysWhichFlag() => Assert.Contains("--size needs a value", (await RunAsync("things", "list", "--size")).Error);

    [Fact]
    public async Task Run_FlagWithWrongValue_SaysWhichValue() => Assert.Contains("--size cannot be \"big\"", (await RunAsync("things", "list", "--size", "big")).Error);

    [Fact]
    public async Task Run_MissingArgument_NamesIt() => Assert.Contains("\"demo things get\" needs NAME", (await RunAsync("things", "get")).Error);

    [Fact]
    public async Task Run_TooManyArguments_NamesTheFirst() => Assert.Contains("unexpected argument \"b\"", (await RunAsync("things", "get", "a", "b")).Error);

    [Theory]
    [InlineData("things", "get", "a")]
    [InlineData("t", "get", "a")]
    [InlineData("things", "get", "--", "a")]
    public async Task Run_KnownCommand_GetsItsArgument(params string[] words) => Assert.Equal("a\n", (await RunAsync(words)).Output);

    [Fact]
    public async Task Run_ExpectedFailure_GoesToStandardErrorWithItsCode()
    {
        var outcome = await RunAsync("fail");
        Assert.Equal(new Outcome(ExitCode.NotReachable, "partial\n", "Error: nobody answers\ntry later\n"), outcome);
    }

    [Fact]
    public async Task Run_Defect_IsReportedInOneLine()
    {
        var outcome = await RunAsync("defect");
        Assert.Equal(ExitCode.Failed, outcome.Code);
        Assert.StartsWith("Error: unexpected InvalidOperationException: oh\n", outcome.Error);
        Assert.DoesNotContain("   at ", outcome.Error);
    }

    [Fact]
    public async Task Run_Cancelled_IsInterrupted() => Assert.Equal(ExitCode.Interrupted, (await RunAsync("cancel")).Code);

    [Fact]
    public async Task Run_PassThrough_KeepsForeignFlags() => Assert.Equal("--foreign|--color|x\n", (await RunAsync("raw", "--foreign", "--color", "x")).Output);

    [Fact]
    public async Task Run_GroupAlone_ShowsHelpAsAMistake()
    {
        var outcome = await RunAsync("things");
        Assert.Equal((ExitCode.Usage, ""), (outcome.Code, outcome.Output));
        Assert.Contains("Usage:", outcome.Error);
    }

    [Fact]
    public async Task Help_OfACommand_HasExamplesBeforeFlagsAndGlobalFlagsLast()
    {
        var help = (await RunAsync("things", "list", "--help")).Output;
        var order = new[] { "List things.", "Usage:", "Examples:", "Flags:", "Global flags:" }.Select(part => help.IndexOf(part, StringComparison.Ordinal)).ToList();
        Assert.DoesNotContain(-1, order);
        Assert.Equal(order.Order(), order);
        Assert.Contains("(default 3)", help);
    }

    [Theory]
    [InlineData("auto", false, "plain")]
    [InlineData("auto", true, "coloured")]
    [InlineData("never", true, "plain")]
    [InlineData("always", false, "coloured")]
    public async Task Color_FlagAndTerminal_Decide(string when, bool terminal, string expected) =>
        Assert.Equal(expected, (await ColourAsync(when, terminal, [])).Trim());

    [Theory]
    [InlineData("NO_COLOR", "1", true, "plain")]
    [InlineData("NO_COLOR", "", true, "coloured")]
    [InlineData("CLICOLOR_FORCE", "1", false, "coloured")]
    [InlineData("CLICOLOR_FORCE", "0", false, "plain")]
    [InlineData("TERM", "dumb", true, "plain")]
    public async Task Color_Environment_IsHonoured(string name, string value, bool terminal, string expected) =>
        Assert.Equal(expected, (await ColourAsync("auto", terminal, new() { [name] = value })).Trim());

    private static async Task<string> ColourAsync(string when, bool terminal, Dictionary<string, string> variables) =>
        (await InProcess.RunAsync(Demo(), new HostEnvironment(variables.GetValueOrDefault), ["--color", when, "colour"], terminal)).Output;

    private static Task<Outcome> RunAsync(params string[] words) => InProcess.RunAsync(Demo(), InProcess.Nowhere, words);

    private static Verb Demo()
    {
        var size = new Flag<int>("--size", "how many") { Default = 3 };
        var name = Operand.Required("name", "which thing");
        var names = Operand.Many("name", "which things");
        return new Verb("demo", "A tool for tests")
        {
            Children = () =>
            [
                new Verb("things", "Handle things")
                {
                    Aliases = ["t"],
                    Children = () =>
                    [
                        new Verb("list", "List things") { Flags = [size], Examples = [new("demo things list", "all")], Run = (_, _) => Done() },
                        new Verb("get", "Get a thing")
                        {
                            Operands = [name],
                            Run = (call, _) =>
                            {
                                call.Terminal.Out.WriteLine(call.Get(name));
                                return Done();
                            },
                        },
                        new Verb("all", "Get things")
                        {
                            Operands = [names],
                            Run = (call, _) =>
                            {
                                call.Terminal.Out.WriteLine(string.Join('|', call.Get(names) ?? []));
                                return Done();
                            },
                        },
                    ],
                },
                new Verb("fail", "Fail")
                {
                    Run = (call, _) =>
                    {
                        call.Terminal.Out.WriteLine("partial");
                        throw CliException.NotReachable("nobody answers", "try later");
                    },
                },
                new Verb("defect", "Be broken") { Run = (_, _) => throw new InvalidOperationException("oh") },
                new Verb("cancel", "Be cancelled") { LongRunning = true, Run = (_, _) => throw new OperationCanceledException() },
                new Verb("raw", "Take anything")
                {
                    PassThrough = true,
                    Run = (call, _) =>
                    {
                        call.Terminal.Out.WriteLine(string.Join('|', call.Rest));
                        return Done();
                    },
                },
                new Verb("colour", "Tell the colour")
                {
                    Run = (call, _) =>
                    {
                        call.Terminal.Out.WriteLine(call.Terminal.OutStyle.Enabled ? "coloured" : "plain");
                        return Done();
                    },
                },
            ],
        };
    }

    private static Task<ExitCode> Done() => Task.FromResult(ExitCode.Ok);
}
