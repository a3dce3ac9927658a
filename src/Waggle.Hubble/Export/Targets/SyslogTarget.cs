using System.Buffers.Text;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Waggle.Hubble.Export.Targets;

/// <summary>Which syslog server, and how.</summary>
/// <param name="AuthorityFile">PEM file of authorities to trust; null: those of the system.</param>
public sealed record SyslogServer(string Host, int Port, bool Tls, string? AuthorityFile = null);

/// <summary>
/// Each line becomes a syslog message (RFC 5424) over TCP, framed by its length (RFC 6587 3.4.1), with TLS (RFC 5425) where asked for.
/// The connection is made when there is something to say, and again after a failure.
/// </summary>
/// <param name="hostName">Name of this node.</param>
public sealed class SyslogTarget(SyslogServer server, string hostName, TimeProvider time) : ILineTarget
{
    // Facility local0, severity informational.
    private const int Priority = 16 * 8 + 6;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly byte[] _frames = new byte[256 * 1024];
    private Stream? _stream;

    public async ValueTask WriteAsync(ReadOnlyMemory<byte> lines, CancellationToken cancellation)
    {
        using var limit = new CancellationTokenSource(Patience, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellation);
        try
        {
            Stream stream = _stream ??= await ConnectAsync(both.Token).ConfigureAwait(false);
            byte[] header = Encoding.ASCII.GetBytes($"<{Priority}>1 {time.GetUtcNow():yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'} {Printable(hostName)} hubble {Environment.ProcessId} flow - ");
            int length = 0;
            while (lines.Length > 0)
            {
                int end = lines.Span.IndexOf((byte)'\n');
                ReadOnlyMemory<byte> line = lines[..end];
                lines = lines[(end + 1)..];
                int size = header.Length + line.Length;
                if (size + 16 > _frames.Length)
                {
                    continue; // longer than any receiver takes
                }

                if (length + size + 16 > _frames.Length)
                {
                    await stream.WriteAsync(_frames.AsMemory(0, length), both.Token).ConfigureAwait(false);
                    length = 0;
                }

                length += Frame(_frames.AsSpan(length), header, line.Span);
            }

            await stream.WriteAsync(_frames.AsMemory(0, length), both.Token).ConfigureAwait(false);
            await stream.FlushAsync(both.Token).ConfigureAwait(false);
        }
        catch (Exception failure) when (failure is IOException or SocketException or AuthenticationException || (failure is OperationCanceledException && !cancellation.IsCancellationRequested))
        {
            await DisposeAsync().ConfigureAwait(false);
            string why = failure is OperationCanceledException ? "no answer in time" : failure.Message;
            throw new ExportException(failure is AuthenticationException ? "tls" : "connection", $"syslog server {server.Host}:{server.Port}: {why}", failure);
        }
    }

    public async ValueTask DisposeAsync()
    {
        Stream? stream = _stream;
        _stream = null;
        if (stream is not null)
        {
            await stream.DisposeAsync().ConfigureAwait(false);
        }
    }

    private static int Frame(Span<byte> target, ReadOnlySpan<byte> header, ReadOnlySpan<byte> message)
    {
        Utf8Formatter.TryFormat(header.Length + message.Length, target, out int at);
        target[at++] = (byte)' ';
        header.CopyTo(target[at..]);
        at += header.Length;
        message.CopyTo(target[at..]);
        return at + message.Length;
    }

    private async Task<Stream> ConnectAsync(CancellationToken cancellation)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(server.Host, server.Port, cancellation).ConfigureAwait(false);
            var plain = new NetworkStream(socket, ownsSocket: true);
            if (!server.Tls)
            {
                return plain;
            }

            var tls = new SslStream(plain);
            await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = server.Host, CertificateChainPolicy = Policy() }, cancellation).ConfigureAwait(false);
            return tls;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private X509ChainPolicy? Policy()
    {
        if (server.AuthorityFile is null)
        {
            return null;
        }

        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        policy.CustomTrustStore.ImportFromPemFile(server.AuthorityFile);
        return policy;
    }

    // A host name may not hold blanks or control characters, and has 255 of them at most.
    private static string Printable(string name)
    {
        string clean = new([.. name.Where(c => c is > ' ' and < '\x7f').Take(255)]);
        return clean.Length > 0 ? clean : "-";
    }
}
