using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Waggle.Agent.Config;
using Waggle.Agent.Datapath;
using Waggle.Agent.Endpoints;
using Waggle.Agent.Monitor;
using Waggle.Agent.Routing;
using Waggle.Agent.Startup;
using Waggle.Bpf;
using Waggle.Datapath.Abi;
using Waggle.Hosting.Config;
using Waggle.Linux;
using Signal = Waggle.Hosting.Loops.Signal;

namespace Waggle.Agent.Multicast;

/// <summary>The querier of every pod's link: asks who listens, and removes members that do not answer (RFC 3376 8, RFC 3810 9).</summary>
/// <remarks>
/// Times are CLOCK_MONOTONIC in nanoseconds, as the datapath stamps reports; <see cref="TimeProvider"/>'s timestamps are the same clock.
/// A new agent asks first and removes nobody before all had time to answer: reports of before may be old only because nobody asked.
/// </remarks>
internal sealed partial class Querier(
    DatapathState datapath, DatapathControl control, MembershipControl memberships, EndpointTable endpoints, NodeDevices devices, ConfigState config, Readiness readiness, TimeProvider time, ILogger<Querier> logger) : BackgroundService
{
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(500);
    private readonly Signal _wake = new();
    private readonly ConcurrentQueue<IPAddress> _asked = new();
    private readonly ConcurrentDictionary<(Address Group, uint Slot), Leaving> _leaving = new();
    private long _sent, _expired;
    private bool _startupDone;

    /// <summary>Queries sent, members that aged out.</summary>
    public (long Sent, long Expired) Counters => (Interlocked.Read(ref _sent), Interlocked.Read(ref _expired));

    /// <summary>Asks all pods about one group soon (it has just been configured).</summary>
    public void AskAbout(IPAddress group)
    {
        _asked.Enqueue(group);
        _wake.Set();
    }

    /// <summary>An endpoint wants to leave: ask whether another process there still listens, then remove it.</summary>
    public void OnLeaving(MembershipNotice notice)
    {
        _leaving[(notice.Group, notice.Slot)] = new Leaving(notice.Timestamp, 0, 0);
        _wake.Set();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await Task.WhenAll(readiness.Datapath, readiness.Endpoints).WaitAsync(stoppingToken).ConfigureAwait(false);
        using Socket socket = PacketSocket.Open(0, 0);
        long nextGeneral = 0, notBefore = long.MaxValue, nextSweep = 0;
        bool wasOn = false;
        while (true)
        {
            WaggleConfig c = config.Current;
            // As the programs are, not as the configuration wants them: answers to a question asked too early would be dropped.
            bool on = control.Config?.MulticastEnabled == true;
            long now = Now();
            if (on && !wasOn)
            {
                (nextGeneral, _startupDone) = (0, false);
                notBefore = now + Nanoseconds(c.Duration("multicast-query-response-interval") * 2 + TimeSpan.FromSeconds(2));
            }

            wasOn = on;
            if (on && c.Flag("multicast-querier"))
            {
                if (now >= nextGeneral)
                {
                    // At the start pods answer soon: whoever joined while nobody listened is known within a second.
                    QueryAll(socket, c, null, _startupDone ? c.Duration("multicast-query-response-interval") : TimeSpan.FromSeconds(1));
                    // Two queries at the start, a quarter of the interval apart (RFC 3376 8.6, 8.7).
                    nextGeneral = now + Nanoseconds(_startupDone ? c.Duration("multicast-query-interval") : c.Duration("multicast-query-interval") / 4);
                    _startupDone = true;
                }

                Process(socket, c, now);
                if (now >= notBefore && now >= nextSweep)
                {
                    Sweep(c, now);
                    nextSweep = now + Nanoseconds(TimeSpan.FromSeconds(Math.Clamp(c.Duration("multicast-query-interval").TotalSeconds / 4, 0.5, 10)));
                }
            }
            else
            {
                _asked.Clear();
            }

            await _wake.WaitAsync(_leaving.IsEmpty ? Tick : TimeSpan.FromMilliseconds(100), time, stoppingToken).ConfigureAwait(false);
        }
    }

    /// <summary>Questions about groups that were just configured, and about members that want to leave.</summary>
    private void Process(Socket socket, WaggleConfig c, long now)
    {
        var groups = new HashSet<IPAddress>();
        while (_asked.TryDequeue(out IPAddress? group))
        {
            groups.Add(group);
        }

        foreach (IPAddress group in groups)
        {
            QueryAll(socket, c, group, TimeSpan.FromMilliseconds(500));
        }

        TimeSpan lastMember = c.Duration("multicast-last-member-query-interval");
        int count = c.Number("multicast-robustness");
        foreach (((Address group, uint slot), Leaving state) in _leaving)
        {
            if (now < state.Next || group.ToIPAddress() is not { } address || endpoints.View.FindBy(endpoints.BySlot, (int)slot) is not { } row)
            {
                if (endpoints.View.FindBy(endpoints.BySlot, (int)slot) is null)
                {
                    _leaving.TryRemove((group, slot), out _);
                }

                continue;
            }

            if (state.Sent < count)
            {
                Query(socket, c, row, address, lastMember);
                _leaving[(group, slot)] = state with { Sent = state.Sent + 1, Next = now + Nanoseconds(lastMember) };
            }
            else
            {
                _leaving.TryRemove((group, slot), out _);
                Expire(group, slot, state.Since);
            }
        }
    }

    /// <summary>Removes members whose last report is older than robustness × interval + response time.</summary>
    private void Sweep(WaggleConfig c, long now)
    {
        TimeSpan limit = c.Duration("multicast-query-interval") * c.Number("multicast-robustness") + c.Duration("multicast-query-response-interval");
        ulong oldest = (ulong)Math.Max(0, now - Nanoseconds(limit));
        try
        {
            foreach ((McastJoinKey key, McastJoin join) in datapath.Maps.McastJoins.Entries().ToArray())
            {
                if (join.Compat != (byte)MembershipCompat.Static && join.LastReport <= oldest)
                {
                    Expire(key.Group, key.Slot, oldest);
                }
            }
        }
        catch (BpfException e)
        {
            LogFailed(e.Message);
        }
    }

    private void Expire(Address group, uint slot, ulong notAfter)
    {
        if (memberships.Expire(group, slot, notAfter) == McastControlResult.Done)
        {
            Interlocked.Increment(ref _expired);
            LogExpired(group.ToString(), slot);
        }
    }

    private void QueryAll(Socket socket, WaggleConfig c, IPAddress? group, TimeSpan maxResponse)
    {
        foreach (EndpointRow row in endpoints.View.All())
        {
            if (group is null || (group.AddressFamily == AddressFamily.InterNetwork ? row.Ipv4 : row.Ipv6) is not null)
            {
                Query(socket, c, row, group, maxResponse);
            }
        }
    }

    private void Query(Socket socket, WaggleConfig c, EndpointRow row, IPAddress? group, TimeSpan maxResponse)
    {
        byte[] mac = MacAddress.Parse(row.State.HostMac).ToBytes();
        if (row.Ipv4 is not null && devices.Router4 is { } router && group?.AddressFamily is null or AddressFamily.InterNetwork)
        {
            Send(socket, row, 0x0800, IgmpQuery.Write(Spec(mac, router!, c.Number("multicast-igmp-version"))));
        }

        if (row.Ipv6 is not null && group?.AddressFamily is null or AddressFamily.InterNetworkV6)
        {
            Send(socket, row, 0x86dd, MldQuery.Write(Spec(mac, LinkLocalOf(mac), c.Number("multicast-mld-version"))));
        }

        QuerySpec Spec(byte[] source, IPAddress address, int version) => new()
        {
            SourceMac = source, Source = address, Group = group, MaxResponse = maxResponse, Version = version, Robustness = c.Number("multicast-robustness"),
            Interval = c.Duration("multicast-query-interval"),
        };
    }

    private void Send(Socket socket, EndpointRow row, ushort etherType, byte[] frame)
    {
        try
        {
            socket.SendTo(frame, new LinkEndPoint(row.State.HostIfindex, etherType));
            Interlocked.Increment(ref _sent);
        }
        catch (SocketException e)
        {
            // The device may be gone with its pod.
            LogNotSent(row.Id, e.Message);
        }
    }

    /// <summary>The address that EUI-64 makes of the device's MAC (RFC 4291, appendix A).</summary>
    internal static IPAddress LinkLocalOf(ReadOnlySpan<byte> mac) =>
        new([0xfe, 0x80, 0, 0, 0, 0, 0, 0, (byte)(mac[0] ^ 2), mac[1], mac[2], 0xff, 0xfe, mac[3], mac[4], mac[5]]);

    private long Now() => (long)(time.GetTimestamp() * (1e9 / time.TimestampFrequency));

    private static long Nanoseconds(TimeSpan span) => span.Ticks * 100;

    private readonly record struct Leaving(ulong Since, int Sent, long Next);

    [LoggerMessage(1093, LogLevel.Information, "member in slot {Slot} of group {Group} did not answer and is removed")]
    private partial void LogExpired(string group, uint slot);

    [LoggerMessage(1094, LogLevel.Debug, "query to endpoint {Id} not sent: {Problem}")]
    private partial void LogNotSent(int id, string problem);

    [LoggerMessage(1095, LogLevel.Warning, "members cannot be aged: {Problem}")]
    private partial void LogFailed(string problem);
}
