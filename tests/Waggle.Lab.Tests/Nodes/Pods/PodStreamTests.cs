using System.Text;
using Waggle.Kube.Client;
using Waggle.Lab.Nodes;

namespace Waggle.Lab.Tests.Nodes.Pods;

public sealed class PodStreamTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Exec_WithStdinAndSeparateErrors_CarriesBothAndTheExitCode()
    {
        await using NodeFixture node = await StartSleeperAsync();
        var options = new ExecOptions(["sh", "-c", "cat; echo e >&2; exit 9"], true, true, true, false);
        await using IContainerSession session = await node.Node.ExecAsync(Main, options, Cancellation);
        byte[] big = Encoding.ASCII.GetBytes(new string('x', 1 << 20));
        Task<string> output = ReadAsync(session.Stdout!), errors = ReadAsync(session.Stderr!);
        await session.Stdin!.WriteAsync(big, Cancellation);
        await session.Stdin.DisposeAsync();
        Assert.Equal(big.Length, (await output).Length);
        Assert.Equal("e\n", await errors);
        Assert.Equal(9, (await session.Exited.WaitAsync(Cancellation)).ExitCode);
    }

    [Fact]
    public async Task Exec_WithTerminal_ResizesAndHasOneStream()
    {
        await using NodeFixture node = await StartSleeperAsync();
        await using IContainerSession session = await node.Node.ExecAsync(Main, new ExecOptions(["sh", "-c", "read a; stty size; echo $TERM >&2"], true, true, true, true), Cancellation);
        session.Resize(99, 33);
        await session.Stdin!.WriteAsync("go\n"u8.ToArray(), Cancellation);
        string output = await ReadAsync(session.Stdout!);
        Assert.Contains("33 99", output, StringComparison.Ordinal);
        Assert.Contains("xterm", output, StringComparison.Ordinal);
        Assert.Null(session.Stderr);
    }

    [Fact]
    public async Task Exec_ThatLeavesAChildBehind_EndsAllTheSame()
    {
        await using NodeFixture node = await StartSleeperAsync();
        (int code, string output) = await node.ExecAsync("a", "sh", "-c", "sleep 1000 & echo done");
        Assert.Equal((0, "done\n"), (code, output));
    }

    [Fact]
    public async Task Exec_WhoseClientLeaves_IsKilled()
    {
        await using NodeFixture node = await StartSleeperAsync();
        IContainerSession session = await node.Node.ExecAsync(Main, new ExecOptions(["sh", "-c", "touch /tmp/up; exec sleep 4321"], false, true, true, false), Cancellation);
        await session.DisposeAsync();
        string output;
        do
        {
            (_, output) = await node.ExecAsync("a", "ps", "-eo", "args");
        }
        while (output.Contains("sleep 4321", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("no-such", "executable file not found in $PATH")]
    [InlineData("/etc", "Permission denied")]
    public async Task Exec_OfSomethingThatCannotRun_SaysWhy(string program, string message)
    {
        await using NodeFixture node = await StartSleeperAsync();
        NodeRuntimeException error = await Assert.ThrowsAsync<NodeRuntimeException>(() => node.ExecAsync("a", program));
        Assert.Equal(500, error.StatusCode);
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Unknown_PodOrContainer_IsRefused()
    {
        await using NodeFixture node = await StartSleeperAsync();
        NodeRuntimeException pod = await Assert.ThrowsAsync<NodeRuntimeException>(() => node.ExecAsync("b", "true"));
        Assert.Equal(404, pod.StatusCode);
        NodeRuntimeException container = await Assert.ThrowsAsync<NodeRuntimeException>(() => node.LogsAsync("a", "other"));
        Assert.Equal((400, "container other is not valid for pod a"), (container.StatusCode, container.Message));
        NodeRuntimeException previous = await Assert.ThrowsAsync<NodeRuntimeException>(() => node.LogsAsync("a", options: new LogOptions(false, true, false, null, null, null, null)));
        Assert.Contains("previous terminated container \"c\" in pod \"a\" not found", previous.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Attach_ToATerminal_TalksToTheFirstProcess()
    {
        await using NodeFixture node = await NodeFixture.StartAsync();
        await node.CreatePodAsync("a", "containers: [{name: c, image: x, tty: true, stdin: true, command: [sh, -c, 'read x; stty size; echo got-$x; exec sleep 1000']}]");
        await node.WaitRunningAsync("a");
        await using IContainerSession first = await node.Node.AttachAsync(Main, new AttachOptions(true, true, false, true), Cancellation);
        await using IContainerSession second = await node.Node.AttachAsync(Main, new AttachOptions(false, true, false, true), Cancellation);
        first.Resize(81, 25);
        await first.Stdin!.WriteAsync("word\n"u8.ToArray(), Cancellation);
        foreach (IContainerSession session in (IContainerSession[])[first, second])
        {
            string text = "";
            byte[] buffer = new byte[256];
            while (!text.Contains("got-word", StringComparison.Ordinal))
                text += Encoding.UTF8.GetString(buffer, 0, await session.Stdout!.ReadAsync(buffer, Cancellation));
            Assert.Contains("25 81", text, StringComparison.Ordinal);
        }
        await node.WaitLogAsync("a", "got-word");
    }

    [Fact]
    public async Task Attach_WithStdinOnce_EndsTheContainersInput()
    {
        await using NodeFixture node = await NodeFixture.StartAsync();
        await node.CreatePodAsync("a", "{restartPolicy: Never, containers: [{name: c, image: x, stdin: true, stdinOnce: true, command: [sh, -c, 'echo early; cat; exit 6']}]}");
        await node.WaitRunningAsync("a");
        await using (IContainerSession session = await node.Node.AttachAsync(Main, new AttachOptions(true, true, true, false), Cancellation))
        {
            await session.Stdin!.WriteAsync("text\n"u8.ToArray(), Cancellation);
            await session.Stdin.DisposeAsync();
            Assert.Equal("early\ntext\n", await ReadAsync(session.Stdout!));
            Assert.Equal(0, (await session.Exited.WaitAsync(Cancellation)).ExitCode);
        }
        Assert.Equal(6, (await node.WaitPhaseAsync("a", "Failed")).Status.ContainerStatuses[0].State?.Terminated?.ExitCode);
    }

    [Fact]
    public async Task Logs_Followed_EndWithTheContainer()
    {
        await using NodeFixture node = await NodeFixture.StartAsync();
        await node.CreatePodAsync("a", "{restartPolicy: Never, containers: [{name: c, image: x, stdin: true, stdinOnce: true, command: [sh, -c, 'echo one; read x; echo $x; printf end']}]}");
        await node.WaitRunningAsync("a");
        using var log = new MemoryStream();
        Task follow = node.Node.ReadLogsAsync(Main, new LogOptions(true, false, false, null, null, null, null), log, Cancellation);
        await using (IContainerSession session = await node.Node.AttachAsync(Main, new AttachOptions(true, false, false, false), Cancellation))
            await session.Stdin!.WriteAsync("two\n"u8.ToArray(), Cancellation);
        await follow.WaitAsync(Cancellation);
        Assert.Equal("one\ntwo\nend", Encoding.UTF8.GetString(log.ToArray()));
        await node.WaitPhaseAsync("a", "Succeeded");
        Assert.Equal("two\nend", await node.LogsAsync("a", options: new LogOptions(false, false, false, 2, null, null, null)));
    }

    [Fact]
    public async Task Output_OfManyLines_IsCompleteInLogAndOrder()
    {
        await using NodeFixture node = await NodeFixture.StartAsync();
        await node.CreatePodAsync("a", "{restartPolicy: Never, containers: [{name: c, image: x, command: [seq, '100000']}]}");
        await node.WaitPhaseAsync("a", "Succeeded");
        string[] lines = (await node.LogsAsync("a")).Split('\n');
        Assert.Equal(100_001, lines.Length);
        Assert.Equal(("1", "100000"), (lines[0], lines[^2]));
    }

    private static ContainerRef Main => new("default", "a", null);

    private static async Task<NodeFixture> StartSleeperAsync()
    {
        NodeFixture node = await NodeFixture.StartAsync();
        await node.CreatePodAsync("a", "containers: [{name: c, image: x, command: [sleep, '1000']}]");
        await node.WaitRunningAsync("a");
        return node;
    }

    private static async Task<string> ReadAsync(Stream stream) => await new StreamReader(stream).ReadToEndAsync(Cancellation);
}
