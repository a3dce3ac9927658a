using Waggle.Tests.Support;

namespace Waggle.Tests.Cli;

/// <summary>What only a real process shows: names, streams, pipes, shells.</summary>
public sealed class ExecutableTests
{
    [Theory]
    [InlineData("waggle", "waggle COMMAND")]
    [InlineData("cilium", "cilium COMMAND")]
    [InlineData("cilium-dbg", "cilium-dbg COMMAND")]
    [InlineData("hubble", "hubble COMMAND")]
    public async Task StartedUnderAName_TakesThatToolsSyntax(string name, string usage)
    {
        var folder = Directory.CreateTempSubdirectory("wgt-cli-");
        try
        {
            File.CreateSymbolicLink(Path.Combine(folder.FullName, name), Executable.Path);
            var (code, output, _) = await Executable.ShellAsync($"{folder.FullName}/{name} --help");
            Assert.Equal(0, code);
            Assert.Contains(usage, output);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public async Task UnknownCommand_ExitsTwoAndKeepsStandardOutputClean()
    {
        var (code, output, error) = await Executable.ShellAsync("$W frobnicate");
        Assert.Equal((2, ""), (code, output));
        Assert.Contains("unknown command \"frobnicate\"", error);
    }

    [Fact]
    public async Task ReaderGoesAway_SaysNothing()
    {
        // The right side closes the pipe's only read end before it lets the left side write.
        var (code, output, error) = await Executable.ShellAsync(
            "d=$(mktemp -d); mkfifo $d/go; exec 3>&1; ( read -r _ <$d/go; $W completion bash; echo \"rc=$?\" >&3 ) | { exec 0<&-; echo >$d/go; }; rm -r $d");
        Assert.Equal((0, ""), (code, error));
        Assert.Equal("rc=141\n", output);
    }

    [Fact]
    public async Task AskedToStop_EndsQuietly()
    {
        // The signal is sent as soon as the process says that it handles it (bit 14 of the caught signals: SIGTERM).
        var (code, _, error) = await Executable.ShellAsync("""
            set -m
            f=$(mktemp); printf '{"apiVersion":"v1","kind":"Config","current-context":"t","clusters":[{"name":"t","cluster":{"server":"http://127.0.0.1:1"}}],"users":[{"name":"t","user":{}}],"contexts":[{"name":"t","context":{"cluster":"t","user":"t"}}]}' >$f
            $W cilium status --wait --kubeconfig $f & p=$!
            until (( 0x$(awk '/SigCgt/ { print $2 }' /proc/$p/status) & 0x4000 )); do :; done
            kill -TERM $p; wait $p; rc=$?; rm $f; exit $rc
            """);
        Assert.Equal(130, code);
        Assert.DoesNotContain("   at ", error);
        Assert.DoesNotContain("Exception", error);
    }

    [Fact]
    public async Task TwoCommandsIntoOneFile_FollowEachOther()
    {
        var file = Path.GetTempFileName();
        try
        {
            await Executable.ShellAsync($"( $W help exit-codes; $W help exit-codes; echo end ) > {file}");
            var lines = File.ReadAllLines(file);
            Assert.Equal(lines[..((lines.Length - 1) / 2)], lines[((lines.Length - 1) / 2)..^1]);
            Assert.Equal("end", lines[^1]);
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Fact]
    public async Task Help_WithoutATerminal_HasNoColour() => Assert.DoesNotContain('\e', (await Executable.ShellAsync("$W --help")).Output);

    [Fact]
    public async Task Help_ForcedColour_HasColour() => Assert.Contains('\e', (await Executable.ShellAsync("$W --help", ("CLICOLOR_FORCE", "1"))).Output);

    [Fact]
    public async Task Help_NoColorBesideTheFlag_TheFlagWins() => Assert.Contains('\e', (await Executable.ShellAsync("$W --help --color always", ("NO_COLOR", "1"))).Output);
}
