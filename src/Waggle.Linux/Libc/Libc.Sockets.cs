using System.Runtime.InteropServices;

namespace Waggle.Linux;

// sys/socket.h, netpacket/packet.h
internal static unsafe partial class Libc
{
    internal const int AF_PACKET = 17;
    internal const int SOCK_RAW = 3;
    internal const int SOCK_DGRAM = 2;
    internal const int SOCK_CLOEXEC = 0x80000;
    internal const int SOCK_NONBLOCK = 0x800;
    internal const int SOL_SOCKET = 1;
    internal const int SCM_RIGHTS = 1;
    internal const int MSG_CTRUNC = 0x8;
    internal const int MSG_DONTWAIT = 0x40;
    internal const int MSG_NOSIGNAL = 0x4000;
    internal const int MSG_CMSG_CLOEXEC = 0x40000000;

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int socket(int domain, int type, int protocol);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int bind(SafeHandle fd, void* address, uint length);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial nint recvmsg(SafeHandle fd, msghdr_t* message, int flags);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial nint sendmsg(SafeHandle fd, msghdr_t* message, int flags);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int setsockopt(SafeHandle fd, int level, int name, void* value, uint length);

    [StructLayout(LayoutKind.Sequential)]
    internal struct iovec_t
    {
        public void* start;
        public nuint length;
    }

    /// <summary>struct msghdr as glibc and musl lay it out on 64-bit little-endian Linux.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct msghdr_t
    {
        public void* name;
        public uint namelen;
        public iovec_t* iov;
        public nuint iovlen;
        public void* control;
        public nuint controllen;
        public int flags;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct cmsghdr_t
    {
        public nuint length;
        public int level;
        public int type;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct sockaddr_ll
    {
        public ushort family;
        public ushort protocol;
        public int ifindex;
        public ushort hatype;
        public byte pkttype;
        public byte halen;
        public ulong address;
    }
}
