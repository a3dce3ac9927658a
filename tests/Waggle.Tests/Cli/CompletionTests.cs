using Waggle.Cli;
using Waggle.Cli.Completion;
using Waggle.Commands;
using Waggle.Tests.Support;

namespace Waggle.Tests.Cli;

public sealed class CompletionTests
{
    [Theory]
    [InlineData("bash", "-n")]
    [InlineData("zsh", "-n")]
    [InlineData("fish", "--no-execute")]
    public async Task Script_ForEachShell_IsWellFormed(string shell, string check)
    {
        foreach (var tool in (string[])["waggle", "cilium", "cilium-dbg", "hubble"])
        {
            var script = CompletionScripts.For(shell, tool);
            Assert.DoesNotContain("@TOOL@", script);
            Assert.DoesNotContain("@FUNCTION@", script);
            var (code, _, error) = await Executable.ShellAsync($"{shell} {check} <<'END'\n{script}\nEND");
            Assert.True(code == 0, error);
        }
    }

    [Theory]
    [InlineData("waggle compl", "completion")]
    [InlineData("waggle completion ", "bash zsh fish")]
    [InlineData("waggle --color=a", "auto always")]
    [InlineData("waggle --color ", "auto always never")]
    public async Task BashFunction_AsksTheToolForTheRest(string line, string expected)
    {
        // Plays what bash does on Tab.
        var (_, output, error) = await Executable.ShellAsync(
            $"PATH=$(dirname $W):$PATH; source <(waggle completion bash); COMP_LINE='{line}'; COMP_POINT=${{#COMP_LINE}}; _waggle_complete; echo \"${{COMPREPLY[*]}}\"");
        Assert.Equal(("", expected), (error, output.Trim()));
    }

    [Fact]
    public void Complete_FlagName_OffersGlobalAndOwnFlags()
    {
        var words = CompletionEngine.Complete(Tools.Waggle(), ["completion"], "--", InProcess.Nowhere).Select(candidate => candidate.Word).ToList();
        Assert.Contains("--help", words);
        Assert.Contains("--color", words);
    }

    [Fact]
    public void Complete_HiddenVerb_IsNotOffered() =>
        Assert.DoesNotContain(CompletionEngine.Complete(Tools.Waggle(), [], "", InProcess.Nowhere), candidate => candidate.Word.StartsWith('_'));

    [Fact]
    public void For_UnknownShell_IsAUsageError() => Assert.Equal(ExitCode.Usage, Assert.Throws<CliException>(() => CompletionScripts.For("csh", "waggle")).ExitCode);
}
