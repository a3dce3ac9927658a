using System.Runtime.InteropServices;

namespace Waggle.Netlink;

/// <summary>The few calls of sys/socket.h that netlink needs beyond .NET's sockets.</summary>
internal static unsafe partial class Libc
{
    internal const int AF_NETLINK = 16;
    internal const int SOCK_RAW = 3;
    internal const int SOCK_CLOEXEC = 0x80000;
    internal const int SOL_SOCKET = 1;
    internal const int SO_RCVBUF = 8;
    internal const int SO_RCVBUFFORCE = 33;
    internal const int SOL_NETLINK = 270;
    internal const int NETLINK_ADD_MEMBERSHIP = 1;
    internal const int NETLINK_CAP_ACK = 10;
    internal const int NETLINK_EXT_ACK = 11;
    internal const int NETLINK_GET_STRICT_CHK = 12;
    internal const int MSG_PEEK = 2;
    internal const int MSG_TRUNC = 0x20;
    internal const int MSG_DONTWAIT = 0x40;

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int socket(int domain, int type, int protocol);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int bind(SafeHandle fd, sockaddr_nl* address, uint length);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int setsockopt(SafeHandle fd, int level, int name, int* value, uint length);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial nint sendto(SafeHandle fd, byte* buffer, nuint length, int flags, sockaddr_nl* address, uint addressLength);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial nint recvfrom(SafeHandle fd, byte* buffer, nuint length, int flags, sockaddr_nl* address, uint* addressLength);

    [StructLayout(LayoutKind.Sequential)]
    internal struct sockaddr_nl
    {
        public ushort family;
        public ushort pad;
        public uint pid;
        public uint groups;
    }
}
