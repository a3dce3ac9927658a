using System.Net;
using System.Net.Sockets;

namespace Waggle.Linux;

public sealed partial class NetworkNamespace
{
    /// <summary>Creates a socket that belongs to this namespace for its whole life, whichever thread uses it.</summary>
    public Socket CreateSocket(AddressFamily family, SocketType type, ProtocolType protocol) =>
        NamespaceThread.Run(this, () => new Socket(family, type, protocol));

    /// <summary>Creates a listening TCP socket inside this namespace. For Kestrel take <see cref="ListenDescriptor"/>.</summary>
    /// <param name="endpoint">Address and port; port 0 lets the kernel choose.</param>
    /// <param name="backlog">Length of the accept queue.</param>
    /// <param name="dualMode">For an IPv6 endpoint: take IPv4 connections too.</param>
    public Socket Listen(IPEndPoint endpoint, int backlog = 512, bool dualMode = false) =>
        NamespaceThread.Run(this, () =>
        {
            var socket = new Socket(endpoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            try
            {
                if (endpoint.AddressFamily == AddressFamily.InterNetworkV6)
                    socket.DualMode = dualMode;
                // A restarted server must not wait for the old one's connections in TIME_WAIT.
                socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
                socket.Bind(endpoint);
                socket.Listen(backlog);
                return socket;
            }
            catch
            {
                socket.Dispose();
                throw;
            }
        });

    /// <summary>
    /// As <see cref="Listen"/>, as a bare descriptor for a server that wants to own it: <c>kestrel.ListenHandle((ulong)descriptor.Release())</c>.
    /// </summary>
    public FileDescriptor ListenDescriptor(IPEndPoint endpoint, int backlog = 512, bool dualMode = false)
    {
        using Socket socket = Listen(endpoint, backlog, dualMode);
        return FileDescriptor.DuplicateOf(socket.SafeHandle);
    }
}
