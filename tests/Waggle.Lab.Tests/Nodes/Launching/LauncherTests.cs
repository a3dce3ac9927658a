using System.Text;
using Waggle.Lab.Nodes.Launching;
using Waggle.Linux;

namespace Waggle.Lab.Tests.Nodes.Launching;

public sealed class LauncherTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Run_Command_IsProcessOneWithItsOwnHostNameAndExitCode()
    {
        await using TestNode node = await TestNode.StartAsync();
        await node.SandboxAsync();
        (ProcessExit exit, string output) = await node.RunAsync(TestNode.Container("a", TestNode.Shell("echo $$ $(hostname) $X; exit 7") with
        {
            Environment = new Dictionary<string, string> { ["PATH"] = TestNode.Path, ["X"] = "y z\n=" },
        }));
        Assert.Equal("1 pod-host y z =\n", output);
        Assert.Equal(new ProcessExit(7, 0, false), exit);
    }

    [Fact]
    public async Task Run_DefaultCapabilities_AreAllThatIsLeft()
    {
        await using TestNode node = await TestNode.StartAsync();
        await node.SandboxAsync();
        ProcessSpec process = TestNode.Shell("grep -E 'CapEff|CapBnd|NoNewPrivs' /proc/self/status | tr -d '\\t' | tr '\\n' ' '; id -u; id -g; id -G") with
        {
            Capabilities = 0xa80425fb,
            NoNewPrivileges = true,
            SupplementalGroups = [7, 8],
        };
        (_, string output) = await node.RunAsync(TestNode.Container("a", process));
        Assert.Equal("CapEff:00000000a80425fb CapBnd:00000000a80425fb NoNewPrivs:1 0\n0\n0 7 8\n", output);
    }

    [Fact]
    public async Task Run_OtherUser_HasNoCapabilities()
    {
        await using TestNode node = await TestNode.StartAsync();
        await node.SandboxAsync();
        (_, string output) = await node.RunAsync(TestNode.Container("a", TestNode.Shell("id -u; id -g; grep CapEff /proc/self/status") with { User = 1234, Group = 77 }));
        Assert.Equal("1234\n77\nCapEff:\t0000000000000000\n", output);
    }

    [Theory]
    [InlineData("no-such-program", nameof(LaunchFailure.NotFound), "exec: \"no-such-program\": executable file not found in $PATH")]
    [InlineData("/no/such", nameof(LaunchFailure.NotFound), "exec: \"/no/such\": stat /no/such: No such file or directory")]
    [InlineData("/etc/passwd", nameof(LaunchFailure.NotExecutable), "exec: \"/etc/passwd\": stat /etc/passwd: Permission denied")]
    public async Task Run_ProgramThatCannotRun_SaysWhy(string program, string failure, string message)
    {
        await using TestNode node = await TestNode.StartAsync();
        await node.SandboxAsync();
        ProcessSpec process = TestNode.Shell("") with { Arguments = [program] };
        LaunchException error = await Assert.ThrowsAsync<LaunchException>(() => node.RunAsync(TestNode.Container("a", process)));
        Assert.Equal(failure, error.Failure.ToString());
        Assert.Equal(message, error.Message);
    }

    [Fact]
    public async Task Run_Volumes_AppearWithTheirOptions()
    {
        await using TestNode node = await TestNode.StartAsync();
        await node.SandboxAsync();
        Directory.CreateDirectory($"{node.Shared}/v/inner");
        await File.WriteAllTextAsync($"{node.Shared}/v/inner/f", "text\n", Cancellation);
        await File.WriteAllTextAsync($"{node.Shared}/file", "file\n", Cancellation);
        ContainerSpec container = TestNode.Container("a", TestNode.Shell("cat /ro/inner/f /sub/f /etc/resolv.conf; touch /ro/x 2>/dev/null || echo refused; touch /made/x && echo made")) with
        {
            Mounts =
            [
                new MountSpec("/shared/v", "/ro") { ReadOnly = true },
                new MountSpec("/shared/v", "/sub") { SubPath = "inner" },
                new MountSpec("/shared/file", "/etc/resolv.conf"),
                new MountSpec("/shared/new", "/made") { Kind = "DirectoryOrCreate" },
            ],
        };
        (_, string output) = await node.RunAsync(container);
        Assert.Equal("text\ntext\nfile\nrefused\nmade\n", output);
        Assert.True(File.Exists($"{node.Shared}/new/x"));
    }

    [Fact]
    public async Task Run_SubPathThatLeavesItsVolume_StaysInside()
    {
        await using TestNode node = await TestNode.StartAsync();
        await node.SandboxAsync();
        Directory.CreateDirectory($"{node.Shared}/v");
        await File.WriteAllTextAsync($"{node.Shared}/v/own", "", Cancellation);
        File.CreateSymbolicLink($"{node.Shared}/v/link", "/etc");
        ContainerSpec Container(string subPath) => TestNode.Container("a", TestNode.Shell("ls /m")) with { Mounts = [new MountSpec("/shared/v", "/m") { SubPath = subPath }] };
        (_, string output) = await node.RunAsync(Container("../.."));
        Assert.Equal("link\nown\n", output);
        LaunchException error = await Assert.ThrowsAsync<LaunchException>(() => node.RunAsync(Container("link")));
        Assert.Equal(LaunchFailure.Mount, error.Failure);
    }

    [Fact]
    public async Task Run_HostPathOfTheWrongType_IsRefused()
    {
        await using TestNode node = await TestNode.StartAsync();
        await node.SandboxAsync();
        ContainerSpec container = TestNode.Container("a", TestNode.Shell("true")) with { Mounts = [new MountSpec("/etc/passwd", "/m") { Kind = "Directory" }] };
        LaunchException error = await Assert.ThrowsAsync<LaunchException>(() => node.RunAsync(container));
        Assert.Equal(LaunchFailure.Mount, error.Failure);
        Assert.Contains("hostPath type check failed: /etc/passwd is not a Directory", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_ChangesToTheFileSystem_StayInTheContainer()
    {
        await using TestNode node = await TestNode.StartAsync();
        await node.SandboxAsync();
        string file = $"/usr/bin/wgt-{Guid.NewGuid():n}";
        (ProcessExit first, _) = await node.RunAsync(TestNode.Container("a", TestNode.Shell($"touch {file} && rm /etc/passwd")));
        (ProcessExit second, _) = await node.RunAsync(TestNode.Container("b", TestNode.Shell($"test ! -e {file} && test -e /etc/passwd")));
        Assert.Equal((0, 0), (first.Code, second.Code));
        Assert.False(File.Exists(file));
        Assert.True(File.Exists("/etc/passwd"));
    }

    [Fact]
    public async Task Run_Terminal_IsAControllingTerminalThatResizes()
    {
        await using TestNode node = await TestNode.StartAsync();
        await node.SandboxAsync();
        ProcessSpec shell = TestNode.Shell("tty; stty size; read line; stty size; echo \"got $line\"") with { Terminal = true };
        using LaunchedProcess process = await node.Launcher.RunAsync(TestNode.Container("a", shell), null, Cancellation);
        var text = new StringBuilder();
        await ReadUntilAsync(process.Stdout!, text, "24 80");
        process.Terminal!.Resize(132, 50);
        await process.Stdin!.WriteAsync("hello\n"u8.ToArray(), Cancellation);
        await ReadUntilAsync(process.Stdout!, text, "got hello");
        Assert.Contains("/dev/pts/0", text.ToString(), StringComparison.Ordinal);
        Assert.Contains("50 132", text.ToString(), StringComparison.Ordinal);
        Assert.Equal(0, (await process.Exited.WaitAsync(Cancellation)).Code);
    }

    [Fact]
    public async Task Exec_InARunningContainer_SharesItsNamespaces()
    {
        await using TestNode node = await TestNode.StartAsync();
        await node.SandboxAsync();
        using LaunchedProcess main = await node.Launcher.RunAsync(TestNode.Container("a", TestNode.Shell("exec sleep 1000")), new ProcessStreams(false, false, false), Cancellation);
        ProcessSpec script = TestNode.Shell("cat; until ps -o args= 1 | grep -x 'sleep 1000'; do :; done; hostname; exit 5");
        using LaunchedProcess exec = await node.Launcher.ExecAsync(main.Pid, "pods/p/a", script, new ProcessStreams(true, true, false), Cancellation);
        await exec.Stdin!.WriteAsync("in\n"u8.ToArray(), Cancellation);
        await exec.Stdin.DisposeAsync();
        string output = await NodeLauncher.ReadAsync(exec.Stdout!, Cancellation);
        Assert.Equal("in\nsleep 1000\npod-host\n", output);
        Assert.Equal(5, (await exec.Exited.WaitAsync(Cancellation)).Code);
    }

    [Fact]
    public async Task Exec_WithTheNumberOfAnotherContainer_IsRefused()
    {
        await using TestNode node = await TestNode.StartAsync();
        await node.SandboxAsync();
        using LaunchedProcess main = await node.Launcher.RunAsync(TestNode.Container("a", TestNode.Shell("exec sleep 1000")), new ProcessStreams(false, false, false), Cancellation);
        LaunchException error = await Assert.ThrowsAsync<LaunchException>(() =>
            node.Launcher.ExecAsync(main.Pid, "pods/p/b", TestNode.Shell("true"), new ProcessStreams(false, false, false), Cancellation));
        Assert.Equal(LaunchFailure.Gone, error.Failure);
    }

    [Theory]
    [InlineData("exec sleep 1000", 137)]
    [InlineData("trap 'exit 9' TERM; echo up; while :; do sleep 0.05; done", 9)]
    public async Task Signal_Terminate_ReachesAHandlerOrKillsAtOnce(string script, int code)
    {
        await using TestNode node = await TestNode.StartAsync();
        await node.SandboxAsync();
        using LaunchedProcess main = await node.Launcher.RunAsync(TestNode.Container("a", TestNode.Shell(script)), new ProcessStreams(false, true, false), Cancellation);
        if (code == 9)
            Assert.Equal(3, await main.Stdout!.ReadAsync(new byte[16], Cancellation));
        main.Signal(15);
        Assert.Equal(code, (await main.Exited.WaitAsync(Cancellation)).Code);
    }

    [Fact]
    public async Task Dispose_OfTheProcess_KillsTheContainerWithItsChildren()
    {
        await using TestNode node = await TestNode.StartAsync();
        await node.SandboxAsync();
        LaunchedProcess main = await node.Launcher.RunAsync(TestNode.Container("a", TestNode.Shell("sleep 1000 & sleep 1000 & wait")), new ProcessStreams(false, false, false), Cancellation);
        Cgroup cgroup = Cgroup.At($"{Path.GetFileName(Path.GetDirectoryName(node.Shared))}").Child("pods/p/a");
        Assert.True(cgroup.IsPopulated);
        main.Dispose();
        // The monitor removes the group once it is empty.
        while (cgroup.Exists)
            await Task.Delay(1, Cancellation);
    }

    [Fact]
    public async Task Node_LosesItsOwner_EverythingOnItEnds()
    {
        await using TestNode node = await TestNode.StartAsync();
        await node.SandboxAsync();
        LaunchedProcess main = await node.Launcher.RunAsync(TestNode.Container("a", TestNode.Shell("exec sleep 1000")), new ProcessStreams(false, false, false), Cancellation);
        using PidDescriptor holder = PidDescriptor.TryOpen(node.Holder.Pid)!;
        await node.Holder.DisposeAsync();
        Assert.True(holder.WaitForExit(TimeSpan.FromSeconds(60)));
        Assert.Equal(137, (await main.Exited.WaitAsync(Cancellation)).Code);
        LaunchException error = await Assert.ThrowsAsync<LaunchException>(() => node.SandboxAsync());
        Assert.Equal(LaunchFailure.NodeLost, error.Failure);
    }

    [Fact]
    public async Task Sandbox_Network_IsItsOwnWithLoopbackUp()
    {
        await using TestNode node = await TestNode.StartAsync("net.ipv4.ip_forward=1");
        await node.SandboxAsync();
        (_, string inside) = await node.RunAsync(TestNode.Container("a", TestNode.Shell("ip -o addr show lo | grep -c 127.0.0.1; ip -o link | wc -l; readlink /proc/self/ns/net; cat /proc/sys/net/ipv4/ip_forward")));
        ToolResult outside = await node.Launcher.RunToolAsync(TestNode.Shell("readlink /proc/self/ns/net; cat /proc/sys/net/ipv4/ip_forward"), default, Cancellation);
        string[] lines = inside.Split('\n');
        Assert.Equal(("1", "1"), (lines[0], lines[1]));
        Assert.NotEqual(lines[2], outside.Output.Split('\n')[0]);
        Assert.Equal("1", outside.Output.Split('\n')[1]);
        await node.Launcher.RemoveSandboxAsync("p", "pods/p", Cancellation);
        await node.Launcher.RemoveSandboxAsync("p", "pods/p", Cancellation);
        await node.SandboxAsync();
    }

    [Fact]
    public async Task Run_SharedBpfFileSystem_IsTheNodesOwnAndPropagates()
    {
        await using TestNode node = await TestNode.StartAsync();
        await node.SandboxAsync();
        ContainerSpec container = TestNode.Container("a", TestNode.Shell("mkdir /sys/fs/bpf/waggle && mkdir -p /mnt/p/q && mount -t tmpfs t /mnt/p/q && echo done")) with
        {
            Privileged = true,
            Mounts = [new MountSpec("/sys/fs/bpf", "/sys/fs/bpf") { Propagation = "Bidirectional" }, new MountSpec("/run", "/mnt") { Propagation = "Bidirectional" }],
        };
        (_, string output) = await node.RunAsync(container);
        Assert.Equal("done\n", output);
        ToolResult result = await node.Launcher.RunToolAsync(TestNode.Shell("ls -d /sys/fs/bpf/waggle; grep -c ' /run/p/q ' /proc/self/mountinfo"), default, Cancellation);
        Assert.Equal("/sys/fs/bpf/waggle\n1\n", result.Output);
        Assert.False(Directory.Exists("/sys/fs/bpf/waggle"));
    }

    [Fact]
    public async Task Request_WithNul_IsRefusedBeforeItIsSent()
    {
        await using TestNode node = await TestNode.StartAsync();
        await Assert.ThrowsAsync<LaunchException>(() => node.Launcher.RunToolAsync(TestNode.Shell("echo a\0b"), default, Cancellation));
    }

    private static async Task ReadUntilAsync(Stream stream, StringBuilder text, string wanted)
    {
        byte[] buffer = new byte[1024];
        while (!text.ToString().Contains(wanted, StringComparison.Ordinal))
        {
            int count = await stream.ReadAsync(buffer, Cancellation);
            Assert.NotEqual(0, count);
            text.Append(Encoding.UTF8.GetString(buffer, 0, count));
        }
    }
}
