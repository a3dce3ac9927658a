using System.Net.Sockets;
using System.Runtime.InteropServices;
using Waggle.Linux;

namespace Waggle.Netlink;

/// <summary>One netlink socket: sends datagrams, and receives whole ones of whatever size. It stays in the namespace it was made in.</summary>
internal sealed class NetlinkSocket : IDisposable
{
    private const int SmallestBuffer = 32 * 1024; // the kernel makes dump parts as large as the largest receive it has seen, up to this
    private readonly Socket _socket;
    private bool _lost;

    private NetlinkSocket(Socket socket) => _socket = socket;

    /// <param name="protocol">0 is rtnetlink.</param>
    /// <param name="inside">The namespace; null for the process's own.</param>
    /// <param name="receiveBuffer">Bytes the kernel may queue; null for its default.</param>
    /// <param name="groups">Multicast groups to join, by number.</param>
    internal static unsafe NetlinkSocket Open(int protocol, NetworkNamespace? inside, int? receiveBuffer = null, params uint[] groups)
    {
        int Create()
        {
            int fd = Libc.socket(Libc.AF_NETLINK, Libc.SOCK_RAW | Libc.SOCK_CLOEXEC, protocol);
            return fd < 0 ? throw Failure("open netlink socket", inside?.ToString()) : fd;
        }

        using var descriptor = new FileDescriptor(inside is null ? Create() : inside.Run(Create));
        Set(descriptor, Libc.SOL_NETLINK, Libc.NETLINK_EXT_ACK, 1);
        Set(descriptor, Libc.SOL_NETLINK, Libc.NETLINK_CAP_ACK, 1);
        // Makes the kernel apply the filters of a dump request, and refuse what it would otherwise ignore.
        Set(descriptor, Libc.SOL_NETLINK, Libc.NETLINK_GET_STRICT_CHK, 1);
        if (receiveBuffer is { } bytes && !TrySet(descriptor, Libc.SOL_SOCKET, Libc.SO_RCVBUFFORCE, bytes))
            Set(descriptor, Libc.SOL_SOCKET, Libc.SO_RCVBUF, bytes);
        var address = new Libc.sockaddr_nl { family = Libc.AF_NETLINK };
        if (Libc.bind(descriptor, &address, (uint)sizeof(Libc.sockaddr_nl)) < 0)
            throw Failure("bind netlink socket", null);
        foreach (uint group in groups)
            Set(descriptor, Libc.SOL_NETLINK, Libc.NETLINK_ADD_MEMBERSHIP, (int)group);
        return new NetlinkSocket(descriptor.ToSocket());
    }

    /// <summary>Sends to the kernel, which acts before the call returns.</summary>
    internal unsafe void Send(ReadOnlySpan<byte> message)
    {
        var kernel = new Libc.sockaddr_nl { family = Libc.AF_NETLINK };
        fixed (byte* start = message)
        {
            while (Libc.sendto(_socket.SafeHandle, start, (nuint)message.Length, 0, &kernel, (uint)sizeof(Libc.sockaddr_nl)) < 0)
            {
                if (LastError != Errno.EINTR)
                    throw Failure("send netlink request", null);
            }
        }
    }

    /// <summary>Waits for a datagram from the kernel. The buffer is replaced when it is too small.</summary>
    /// <returns>The datagram inside <paramref name="buffer"/>; null, after the last datagram of a full queue, when the kernel dropped some behind it.</returns>
    /// <remarks>
    /// The kernel reports the overrun before what it had queued, and goes on dropping until the queue has been read empty. So the report is
    /// held back until then: whatever was dropped was dropped before null is returned. A second report means that it was empty in between.
    /// </remarks>
    internal async ValueTask<ReadOnlyMemory<byte>?> ReceiveAsync(Holder buffer, CancellationToken cancellation)
    {
        while (true)
        {
            int length = Receive(buffer);
            if (length > 0)
                return buffer.Bytes.AsMemory(0, length);
            bool overrun = length == Overrun;
            if (_lost && (overrun || length == Empty))
            {
                _lost = overrun;
                return null;
            }

            if (overrun)
            {
                _lost = true;
                continue;
            }

            try
            {
                await _socket.ReceiveAsync(Memory<byte>.Empty, SocketFlags.None, cancellation).ConfigureAwait(false);
            }
            catch (SocketException e) when (e.SocketErrorCode == SocketError.NoBufferSpaceAvailable)
            {
                _lost = true; // reading the error has cleared it
            }
            catch (SocketException e) when (e.SocketErrorCode == SocketError.InvalidArgument)
            {
                // As in Receive: a dump that ended meanwhile.
            }
        }
    }

    public void Dispose() => _socket.Dispose();

    private const int Empty = 0;
    private const int Overrun = -1;

    private unsafe int Receive(Holder buffer)
    {
        if (buffer.Bytes.Length == 0)
            buffer.Bytes = new byte[SmallestBuffer];
        byte probe;
        while (true)
        {
            nint size = Libc.recvfrom(_socket.SafeHandle, &probe, 0, Libc.MSG_PEEK | Libc.MSG_TRUNC | Libc.MSG_DONTWAIT, null, null);
            if (size < 0)
            {
                switch (LastError)
                {
                    case Errno.EAGAIN: return Empty;
                    case Errno.ENOBUFS: return Overrun;
                    case Errno.EINTR: continue;
                    // A receive that runs while another thread starts a dump finds it finished under its hands: netlink_dump() then leaves
                    // this error on the socket, once, and nothing is lost.
                    case Errno.EINVAL: continue;
                    default: throw Failure("receive from netlink", null);
                }
            }

            if (size > buffer.Bytes.Length)
                buffer.Bytes = new byte[size];
            Libc.sockaddr_nl sender = default;
            uint senderLength = (uint)sizeof(Libc.sockaddr_nl);
            nint count;
            fixed (byte* start = buffer.Bytes)
                count = Libc.recvfrom(_socket.SafeHandle, start, (nuint)buffer.Bytes.Length, Libc.MSG_DONTWAIT, &sender, &senderLength);
            // Other processes can send to a netlink socket too: only port 0 is the kernel.
            if (count > 0 && sender.pid == 0)
                return (int)count;
            // EINVAL here is the same passing error; the datagram, if any, is still there.
            if (count < 0 && LastError == Errno.ENOBUFS)
                return Overrun;
        }
    }

    private static Errno LastError => (Errno)Marshal.GetLastPInvokeError();

    private static void Set(SafeHandle socket, int level, int name, int value)
    {
        if (!TrySet(socket, level, name, value))
            throw Failure($"set netlink socket option {name}", null);
    }

    private static unsafe bool TrySet(SafeHandle socket, int level, int name, int value) => Libc.setsockopt(socket, level, name, &value, sizeof(int)) == 0;

    private static LinuxException Failure(string operation, string? target)
    {
        Errno errno = LastError;
        return new LinuxException(operation, errno, target, ErrnoText.Hint(errno));
    }

    /// <summary>A receive buffer that lives as long as its loop.</summary>
    internal sealed class Holder
    {
        public byte[] Bytes { get; set; } = [];
    }
}
