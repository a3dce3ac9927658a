using System.Net.Sockets;
using System.Text;

namespace Waggle.Linux.Tests.Sockets;

public sealed class DescriptorPassingTests : IDisposable
{
    private readonly TempDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task SendReceive_Namespace_ReceiverHasItsOwnHandle()
    {
        (Socket a, Socket b) = await PairAsync();
        using (a)
        using (b)
        {
            using NetworkNamespace sent = NetworkNamespace.Create();
            byte[] buffer = new byte[64];
            Task<DescriptorMessage> receive = DescriptorPassing.ReceiveAsync(b, buffer).AsTask();
            DescriptorPassing.Send(a, "hello"u8, sent.Descriptor);
            DescriptorMessage message = await receive;
            Assert.Equal("hello", Encoding.ASCII.GetString(buffer, 0, message.Count));
            using NetworkNamespace received = NetworkNamespace.FromDescriptor(Assert.Single(message.Descriptors));
            Assert.Equal(sent, received);
            Assert.NotEqual(sent.Descriptor.Number, received.Descriptor.Number);
        }
    }

    [Fact]
    public async Task Receive_DataWasThereBefore_DescriptorStillComes()
    {
        (Socket a, Socket b) = await PairAsync();
        using (a)
        using (b)
        {
            using FileDescriptor file = FileDescriptor.Open("/dev/null");
            DescriptorPassing.Send(a, "xy"u8, file);
            byte[] one = new byte[1];
            using (DescriptorMessage first = await DescriptorPassing.ReceiveAsync(b, one))
            {
                Assert.Equal(1, first.Count);
                Assert.Equal(file.Identity(), Assert.Single(first.Descriptors).Identity());
            }

            // The rest of the stream is ordinary data.
            Assert.Equal(1, await b.ReceiveAsync(one));
            Assert.Equal((byte)'y', one[0]);
        }
    }

    [Fact]
    public async Task Receive_NoDescriptor_EmptyList()
    {
        (Socket a, Socket b) = await PairAsync();
        using (a)
        using (b)
        {
            await a.SendAsync("x"u8.ToArray());
            using DescriptorMessage message = await DescriptorPassing.ReceiveAsync(b, new byte[8]);
            Assert.Equal((1, 0), (message.Count, message.Descriptors.Count));
            a.Close();
            using DescriptorMessage end = await DescriptorPassing.ReceiveAsync(b, new byte[8]);
            Assert.Equal(0, end.Count);
        }
    }

    [Fact]
    public async Task Receive_MoreThanAllowed_RefusedAndClosed()
    {
        (Socket a, Socket b) = await PairAsync();
        using (a)
        using (b)
        {
            string marker = _directory.Path + "/marker";
            File.WriteAllText(marker, "");
            using FileDescriptor file = FileDescriptor.Open(marker);
            foreach (int count in (int[])[2, 20])
            {
                DescriptorPassing.Send(a, "x"u8, [.. Enumerable.Repeat(file, count)]);
                var e = await Assert.ThrowsAsync<LinuxException>(() => DescriptorPassing.ReceiveAsync(b, new byte[8]).AsTask());
                Assert.Equal(Errno.EMSGSIZE, e.Errno);
            }

            int open = Directory.GetFiles("/proc/self/fd").Count(fd => LinkTarget(fd) == marker);
            Assert.Equal(1, open);
        }
    }

    [Fact]
    public async Task Receive_Cancelled_NothingIsTaken()
    {
        (Socket a, Socket b) = await PairAsync();
        using (a)
        using (b)
        {
            using var cancel = new CancellationTokenSource();
            Task<DescriptorMessage> receive = DescriptorPassing.ReceiveAsync(b, new byte[8], 1, cancel.Token).AsTask();
            await cancel.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => receive);
            using FileDescriptor file = FileDescriptor.Open("/dev/null");
            DescriptorPassing.Send(a, "x"u8, file);
            using DescriptorMessage message = await DescriptorPassing.ReceiveAsync(b, new byte[8]);
            Assert.Single(message.Descriptors);
        }
    }

    [Fact]
    public async Task Send_OtherSideGone_Epipe()
    {
        (Socket a, Socket b) = await PairAsync();
        b.Dispose();
        using (a)
            Assert.Equal(Errno.EPIPE, Assert.Throws<LinuxException>(() => DescriptorPassing.Send(a, "x"u8)).Errno);
    }

    private async Task<(Socket A, Socket B)> PairAsync()
    {
        var endpoint = new UnixDomainSocketEndPoint($"{_directory.Path}/{Guid.NewGuid():N}");
        using var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(endpoint);
        listener.Listen();
        var a = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await a.ConnectAsync(endpoint);
        return (a, await listener.AcceptAsync());
    }

    private static string? LinkTarget(string path)
    {
        try
        {
            return File.ResolveLinkTarget(path, false)?.FullName;
        }
        catch (IOException)
        {
            return null; // closed meanwhile by another test
        }
    }
}
