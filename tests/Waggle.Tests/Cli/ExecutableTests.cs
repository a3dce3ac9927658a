using System.Diagnostics;
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
        // Nothing is installed there, so that the wait goes on; the first question shows that the command is at work.
        using var cluster = new FakeCluster().With("/api/v1/namespaces/kube-system/pods", "[]").With("/api/v1/pods", "[]");
        using var process = Process.Start(new ProcessStartInfo(Executable.Path, ["cilium", "status", "--wait", "--kubeconfig", cluster.Kubeconfig]) { RedirectStandardError = true, RedirectStandardOutput = true })!;
        await cluster.Server.Asked.Task.WaitAsync(TestContext.Current.CancellationToken);
        await Executable.ShellAsync($"kill -TERM {process.Id}");
        var error = await process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(130, process.ExitCode);
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
