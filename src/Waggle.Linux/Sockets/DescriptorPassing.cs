using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Waggle.Linux;

/// <summary>File descriptors sent along with bytes over unix sockets (SCM_RIGHTS, unix(7)).</summary>
public static class DescriptorPassing
{
    /// <summary>The kernel's limit of descriptors in one message (SCM_MAX_FD).</summary>
    public const int MaxDescriptors = 253;

    private const int HeaderLength = 16; // struct cmsghdr on 64 bits
    private const int AlignTo = 8;

    /// <summary>Waits for data and takes it with the descriptors that came along.</summary>
    /// <param name="socket">A connected unix socket.</param>
    /// <param name="buffer">Takes the bytes; not empty.</param>
    /// <param name="maxDescriptors">How many descriptors to accept; a sender of more is refused, nothing leaks.</param>
    /// <param name="cancellation">Stops waiting.</param>
    /// <exception cref="LinuxException">EMSGSIZE when more descriptors came than allowed.</exception>
    public static async ValueTask<DescriptorMessage> ReceiveAsync(Socket socket, Memory<byte> buffer, int maxDescriptors = 1, CancellationToken cancellation = default)
    {
        if (buffer.IsEmpty)
            throw new ArgumentException("The buffer must not be empty: descriptors travel with bytes", nameof(buffer));
        while (true)
        {
            // An empty receive waits without taking anything.
            await socket.ReceiveAsync(Memory<byte>.Empty, SocketFlags.None, cancellation).ConfigureAwait(false);
            if (TryReceive(socket.SafeHandle, buffer.Span, maxDescriptors) is { } message)
                return message;
        }
    }

    /// <summary>Sends bytes with descriptors. The descriptors are duplicated into the receiver; the caller keeps its own.</summary>
    /// <param name="socket">A connected unix socket.</param>
    /// <param name="data">At least one byte.</param>
    /// <param name="descriptors">What to pass.</param>
    /// <exception cref="LinuxException">EPIPE when the other side is gone.</exception>
    public static void Send(Socket socket, ReadOnlySpan<byte> data, params ReadOnlySpan<FileDescriptor> descriptors)
    {
        if (data.IsEmpty)
            throw new ArgumentException("At least one byte must go with the descriptors", nameof(data));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(descriptors.Length, MaxDescriptors);
        int payload = descriptors.Length * sizeof(int);
        Span<byte> control = descriptors.IsEmpty ? [] : new byte[Align(HeaderLength) + Align(payload)];
        if (!control.IsEmpty)
        {
            var header = new Libc.cmsghdr_t { length = (nuint)(Align(HeaderLength) + payload), level = Libc.SOL_SOCKET, type = Libc.SCM_RIGHTS };
            MemoryMarshal.Write(control, header);
            Span<int> numbers = MemoryMarshal.Cast<byte, int>(control[Align(HeaderLength)..]);
            for (int i = 0; i < descriptors.Length; i++)
                numbers[i] = descriptors[i].Number;
        }

        while (!data.IsEmpty)
        {
            int sent = SendOnce(socket.SafeHandle, data, control);
            GC.KeepAlive(descriptors.IsEmpty ? null : descriptors[0]);
            data = data[sent..];
            control = []; // they went with the first byte
        }
    }

    private static unsafe int SendOnce(SafeSocketHandle socket, ReadOnlySpan<byte> data, ReadOnlySpan<byte> control)
    {
        fixed (byte* start = data, extra = control)
        {
            var part = new Libc.iovec_t { start = start, length = (nuint)data.Length };
            var message = new Libc.msghdr_t { iov = &part, iovlen = 1, control = control.IsEmpty ? null : extra, controllen = (nuint)control.Length };
            while (true)
            {
                nint sent = Libc.sendmsg(socket, &message, Libc.MSG_NOSIGNAL);
                if (sent >= 0)
                    return (int)sent;
                if (Libc.LastError == Errno.EAGAIN)
                    Poll.Wait(socket, Libc.POLLOUT, Timeout.InfiniteTimeSpan);
                else if (Libc.LastError != Errno.EINTR)
                    throw LinuxException.Last("send descriptors");
            }
        }
    }

    private static unsafe DescriptorMessage? TryReceive(SafeSocketHandle socket, Span<byte> buffer, int maxDescriptors)
    {
        // Room for one descriptor too many, so that excess is seen instead of silently cut.
        int room = Math.Min(maxDescriptors + 1, MaxDescriptors);
        Span<byte> control = new byte[Align(HeaderLength) + Align(room * sizeof(int))];
        fixed (byte* start = buffer, extra = control)
        {
            var part = new Libc.iovec_t { start = start, length = (nuint)buffer.Length };
            var message = new Libc.msghdr_t { iov = &part, iovlen = 1, control = extra, controllen = (nuint)control.Length };
            nint count;
            while ((count = Libc.recvmsg(socket, &message, Libc.MSG_CMSG_CLOEXEC | Libc.MSG_DONTWAIT)) < 0)
            {
                if (Libc.LastError == Errno.EAGAIN)
                    return null;
                if (Libc.LastError != Errno.EINTR)
                    throw LinuxException.Last("receive descriptors");
            }

            List<FileDescriptor> descriptors = TakeDescriptors(control[..(int)message.controllen]);
            if (descriptors.Count <= maxDescriptors && (message.flags & Libc.MSG_CTRUNC) == 0)
                return new DescriptorMessage((int)count, descriptors);
            descriptors.ForEach(static descriptor => descriptor.Dispose());
            throw new LinuxException("receive descriptors", Errno.EMSGSIZE, null, $"The sender passed more than {maxDescriptors}");
        }
    }

    private static List<FileDescriptor> TakeDescriptors(ReadOnlySpan<byte> control)
    {
        List<FileDescriptor> result = [];
        while (control.Length >= HeaderLength)
        {
            var header = MemoryMarshal.Read<Libc.cmsghdr_t>(control);
            int length = (int)Math.Min(header.length, (nuint)control.Length);
            if (length < HeaderLength)
                break;
            if (header.level == Libc.SOL_SOCKET && header.type == Libc.SCM_RIGHTS)
            {
                foreach (int number in MemoryMarshal.Cast<byte, int>(control[Align(HeaderLength)..length]))
                    result.Add(new FileDescriptor(number));
            }

            control = control[Math.Min(Align(length), control.Length)..];
        }

        return result;
    }

    private static int Align(int length) => (length + AlignTo - 1) & ~(AlignTo - 1);
}
