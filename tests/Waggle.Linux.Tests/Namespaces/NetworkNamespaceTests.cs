using System.Diagnostics;
using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;

namespace Waggle.Linux.Tests.Namespaces;

public sealed class NetworkNamespaceTests
{
    [Fact]
    public void Create_Anonymous_OwnLoopbackOnly()
    {
        using NetworkNamespace created = NetworkNamespace.Create();
        using NetworkNamespace current = NetworkNamespace.Current();
        Assert.NotEqual(current, created);
        string[] names = created.Run(static () => File.ReadAllLines("/proc/thread-self/net/dev").Skip(2).Select(line => line.Split(':')[0].Trim()).ToArray());
        Assert.Contains("lo", names);
        Assert.DoesNotContain("eth0", names);
        Assert.Equal($"net:[{created.Inode}]", created.Run(OwnNamespace));
    }

    [Fact]
    public async Task Run_ManyTimes_CallerAndPoolStayWhereTheyAre()
    {
        using NetworkNamespace created = NetworkNamespace.Create();
        string own = OwnNamespace();
        Task<string>[] inside = [.. Enumerable.Range(0, 50).Select(_ => created.RunAsync(OwnNamespace))];
        Assert.All(await Task.WhenAll(inside), name => Assert.Equal($"net:[{created.Inode}]", name));
        Assert.Equal(own, OwnNamespace());
        string[] pool = await Task.WhenAll(Enumerable.Range(0, 100).Select(_ => Task.Run(OwnNamespace)));
        Assert.All(pool, name => Assert.Equal(own, name));
        // The results come just before the threads end.
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (Directory.GetDirectories("/proc/self/task").Any(task => Target(task + "/ns/net") == $"net:[{created.Inode}]"))
            await Task.Delay(1, limit.Token);
    }

    [Fact]
    public void Run_ActionThrows_SameExceptionHere()
    {
        using NetworkNamespace created = NetworkNamespace.Create();
        Assert.Throws<InvalidTimeZoneException>(() => created.Run(() => throw new InvalidTimeZoneException()));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("deep/er/ns1")]
    public void Named_CreateOpenDelete_VisibleToIp(string? below)
    {
        using var directory = new TempDirectory();
        string name = below is null ? "wgt-" + Guid.NewGuid().ToString("N")[..10] : $"{directory.Path}/{below}";
        try
        {
            using NetworkNamespace created = NetworkNamespace.CreateNamed(name);
            Assert.True(NetworkNamespace.NamedExists(name));
            using NetworkNamespace opened = NetworkNamespace.Open(NetworkNamespace.NamedPath(name));
            Assert.Equal(created, opened);
            Assert.Equal(created.GetHashCode(), opened.GetHashCode());
            if (below is null)
                Assert.Contains(name, Output("ip", "netns", "list"));
            Assert.Equal(Errno.EEXIST, Assert.Throws<LinuxException>(() => NetworkNamespace.CreateNamed(name)).Errno);
            using NetworkNamespace same = NetworkNamespace.EnsureNamed(name);
            Assert.Equal(created, same);
        }
        finally
        {
            Assert.True(NetworkNamespace.DeleteNamed(name));
        }

        Assert.False(NetworkNamespace.DeleteNamed(name));
        Assert.False(NetworkNamespace.NamedExists(name));
    }

    [Fact]
    public void EnsureNamed_OnlyTheFileIsLeft_CreatedAnew()
    {
        using var directory = new TempDirectory();
        string path = directory.Path + "/ns";
        File.WriteAllText(path, "");
        Assert.Equal(Errno.EINVAL, Assert.Throws<LinuxException>(() => NetworkNamespace.Open(path)).Errno);
        using NetworkNamespace created = NetworkNamespace.EnsureNamed(path);
        Assert.True(NetworkNamespace.NamedExists(path));
        NetworkNamespace.DeleteNamed(path);
    }

    [Fact]
    public void OfProcess_Self_IsCurrent()
    {
        using NetworkNamespace self = NetworkNamespace.OfProcess(Environment.ProcessId);
        using NetworkNamespace current = NetworkNamespace.Current();
        Assert.Equal(current, self);
        Assert.Equal(Errno.ENOENT, Assert.Throws<LinuxException>(() => NetworkNamespace.OfProcess(int.MaxValue)).Errno);
    }

    [Fact]
    public void FromDescriptor_OtherFile_Refused()
    {
        Assert.Equal(Errno.EINVAL, Assert.Throws<LinuxException>(() => NetworkNamespace.FromDescriptor(FileDescriptor.Open("/dev/null"))).Errno);
        Assert.Equal(Errno.EINVAL, Assert.Throws<LinuxException>(() => NetworkNamespace.FromDescriptor(FileDescriptor.Open("/proc/self/ns/mnt"))).Errno);
    }

    [Fact]
    public async Task Listen_SamePortInTwoNamespaces_EachAnswersItsOwn()
    {
        using NetworkNamespace first = NetworkNamespace.Create();
        using NetworkNamespace second = NetworkNamespace.Create();
        foreach (NetworkNamespace each in (NetworkNamespace[])[first, second])
            SetLoopbackUp(each);
        using Socket one = first.Listen(new IPEndPoint(IPAddress.Loopback, 6443));
        using Socket two = second.Listen(new IPEndPoint(IPAddress.IPv6Any, 6443), dualMode: true);
        await AnswerAsync(first, one, "one");
        await AnswerAsync(second, two, "two");

        static async Task AnswerAsync(NetworkNamespace where, Socket listener, string text)
        {
            using Socket client = where.CreateSocket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            Task<Socket> accept = listener.AcceptAsync();
            await client.ConnectAsync(IPAddress.Loopback, 6443);
            using Socket server = await accept;
            await server.SendAsync(System.Text.Encoding.ASCII.GetBytes(text));
            byte[] buffer = new byte[8];
            int count = await client.ReceiveAsync(buffer);
            Assert.Equal(text, System.Text.Encoding.ASCII.GetString(buffer, 0, count));
        }
    }

    [Fact]
    public async Task ListenDescriptor_GivenToKestrel_ServesInsideOnly()
    {
        using NetworkNamespace inside = NetworkNamespace.Create();
        SetLoopbackUp(inside);
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        FileDescriptor listener = inside.ListenDescriptor(new IPEndPoint(IPAddress.Loopback, 6443));
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.ListenHandle((ulong)listener.Release()));
        await using WebApplication app = builder.Build();
        app.Run(context => context.Response.WriteAsync("from the namespace"));
        await app.StartAsync();
        using var client = new HttpClient(new SocketsHttpHandler
        {
            ConnectCallback = async (context, cancellation) =>
            {
                Socket socket = inside.CreateSocket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                await socket.ConnectAsync(IPAddress.Loopback, context.DnsEndPoint.Port, cancellation);
                return new NetworkStream(socket, ownsSocket: true);
            },
        });
        Assert.Equal("from the namespace", await client.GetStringAsync("http://localhost:6443/"));
        await app.StopAsync();
    }

    [Fact]
    public void Run_ProcessStarted_IsInside()
    {
        using NetworkNamespace inside = NetworkNamespace.Create();
        Assert.Equal($"net:[{inside.Inode}]\n", inside.Run(() => Output("readlink", "/proc/self/ns/net")));
    }

    [Theory]
    [InlineData("")]
    [InlineData("a/b")]
    [InlineData("..")]
    public void NamedPath_NoName_Refused(string name) => Assert.ThrowsAny<ArgumentException>(() => NetworkNamespace.NamedPath(name));

    [Fact]
    public void Sysctl_Inside_OnlyThere()
    {
        using NetworkNamespace created = NetworkNamespace.Create();
        string own = Sysctl.Read("net.ipv4.ip_forward");
        Sysctl.Write("net.ipv4.ip_forward", "1", created);
        Assert.Equal("1", Sysctl.Read("net/ipv4/ip_forward", created));
        Sysctl.WriteAll([new("net/ipv4/ip_forward", "0"), new("net/ipv6/conf/all/forwarding", "1")], created);
        Assert.Equal("0", Sysctl.Read("net.ipv4.ip_forward", created));
        Assert.Equal("1", Sysctl.Read("net.ipv6.conf.all.forwarding", created));
        Assert.Equal(own, Sysctl.Read("net.ipv4.ip_forward"));
        Assert.True(Sysctl.Exists("net/ipv4/conf/lo/rp_filter", created));
        Assert.False(Sysctl.Exists("net/ipv4/conf/nope/rp_filter", created));
        var e = Assert.Throws<LinuxException>(() => Sysctl.Write("net.ipv4.ip_forward", "x", created));
        Assert.Equal("write 'x' to sysctl net.ipv4.ip_forward: EINVAL (Invalid argument)", e.Message);
        Assert.Throws<ArgumentException>(() => Sysctl.Read("net/../../../etc/passwd"));
    }

    private static void SetLoopbackUp(NetworkNamespace inside)
    {
        string path = $"/proc/{Environment.ProcessId}/fd/{inside.Descriptor.Number}";
        Output("nsenter", $"--net={path}", "ip", "link", "set", "lo", "up");
    }

    private static string Output(string tool, params string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo(tool, arguments) { RedirectStandardOutput = true })!;
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
        return output;
    }

    private static string OwnNamespace() => Target("/proc/thread-self/ns/net");

    private static string Target(string link)
    {
        try
        {
            return File.ResolveLinkTarget(link, false)?.Name ?? "";
        }
        catch (IOException)
        {
            return ""; // the thread has ended meanwhile
        }
    }
}
