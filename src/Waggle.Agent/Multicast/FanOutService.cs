using System.Net;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Waggle.Agent.Datapath;
using Waggle.Agent.Endpoints;
using Waggle.Agent.Startup;
using Waggle.Bpf;
using Waggle.Datapath.Abi;
using Waggle.Datapath.Loading;
using Waggle.Datapath.Multicast;
using Waggle.Linux;
using Waggle.Netlink;
using Waggle.State.Health;

namespace Waggle.Agent.Multicast;

/// <summary>Tables <c>multicast-members</c> and <c>endpoints</c> → device lists of groups with many members on this node.</summary>
/// <remarks>
/// The lists are a cache (see <c>struct mcast_fan_out</c>): the datapath asks each member's filter itself and clones for whoever a
/// list does not have. So nothing waits for this service, and a node without a big group gets neither device nor program. What an
/// earlier agent left goes on working until this one starts, which begins anew.
/// </remarks>
internal sealed partial class FanOutService(
    DatapathState datapath, DatapathPaths paths, MemberTable members, EndpointTable endpoints, Rtnl netlink, Readiness readiness, HealthRegistry health, TimeProvider time, ILogger<FanOutService> logger)
    : BackgroundService
{
    /// <summary>Members come in crowds: they are looked at together.</summary>
    private static readonly TimeSpan Settling = TimeSpan.FromMilliseconds(200);

    /// <summary>How long packets may be on their way to a list that no row names any more.</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan Again = TimeSpan.FromSeconds(30);

    private readonly Dictionary<GroupKey, Present> _present = [];
    private readonly List<(uint List, long Since)> _retired = [];
    private FanOut? _lists;

    /// <param name="Slot">The member's slot.</param>
    /// <param name="Ifindex">The host side of its device.</param>
    private readonly record struct Entry(uint Slot, int Ifindex);

    private sealed record Present(McastGroupKey Key, uint List, IReadOnlyList<Entry> Entries, McastFanOut Row);

    private sealed record Wish(McastGroupKey Key, IReadOnlyList<Entry> Entries, int Mtu);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await Task.WhenAll(readiness.Datapath, readiness.Endpoints).WaitAsync(stoppingToken).ConfigureAwait(false);
        HealthReporter reporter = health.For("multicast-fan-out");
        bool clean = false;
        while (true)
        {
            ulong seen = members.Revision;
            try
            {
                if (!clean)
                {
                    await RemoveFormerAsync(stoppingToken).ConfigureAwait(false);
                    clean = true;
                }

                await ApplyAsync(stoppingToken).ConfigureAwait(false);
                reporter.Ok();
            }
            catch (Exception e) when (e is BpfException or LinuxException or IOException)
            {
                // Clones serve everybody meanwhile; a device that is gone is not in the next list.
                reporter.Degraded(e.Message);
                LogFailed(e.Message);
            }

            await WaitAsync(seen, stoppingToken).ConfigureAwait(false);
        }
    }

    public override void Dispose()
    {
        _lists?.Dispose();
        base.Dispose();
    }

    private async Task WaitAsync(ulong seen, CancellationToken cancellation)
    {
        using var woken = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        Task limit = Task.Delay(_retired.Count > 0 ? Grace : Again, time, woken.Token);
        await Task.WhenAny(members.WaitForChangeAsync(seen, woken.Token), limit).ConfigureAwait(false);
        await woken.CancelAsync().ConfigureAwait(false);
        await Task.Delay(Settling, time, cancellation).ConfigureAwait(false);
    }

    private async Task RemoveFormerAsync(CancellationToken cancellation)
    {
        BpfMap<McastGroupKey, McastFanOut> rows = datapath.Maps.McastFanOuts;
        McastGroupKey[] left = [.. rows.Entries().Select(row => row.Key)];
        foreach (McastGroupKey key in left)
        {
            rows.Delete(key);
        }

        if (left.Length > 0)
        {
            await Task.Delay(Grace, time, cancellation).ConfigureAwait(false);
        }

        FanOut.Forget(paths);
        await netlink.Links.DeleteAsync(FanOut.Device, cancellation).ConfigureAwait(false);
    }

    private async Task ApplyAsync(CancellationToken cancellation)
    {
        Dictionary<GroupKey, Wish> wanted = Wanted();
        foreach (GroupKey gone in _present.Keys.Where(group => !wanted.ContainsKey(group)).ToArray())
        {
            datapath.Maps.McastFanOuts.Delete(_present[gone].Key);
            Retire(gone);
        }

        BpfException? failure = null;
        foreach ((GroupKey group, Wish wish) in wanted)
        {
            try
            {
                await ApplyAsync(group, wish, cancellation).ConfigureAwait(false);
            }
            catch (BpfException e)
            {
                failure = e; // the other groups can have theirs
            }
        }

        foreach ((uint list, long since) in _retired.Where(each => time.GetElapsedTime(each.Since) >= Grace).ToArray())
        {
            _lists!.Remove(list);
            _retired.Remove((list, since));
        }

        if (failure is not null)
        {
            throw failure;
        }
    }

    private async Task ApplyAsync(GroupKey group, Wish wish, CancellationToken cancellation)
    {
        if (_present.TryGetValue(group, out Present? present) && present.Entries.SequenceEqual(wish.Entries))
        {
            datapath.Maps.McastFanOuts.TryAdd(wish.Key, present.Row); // a map whose layout changed is new and empty
            return;
        }

        _lists ??= await MakeAsync(cancellation).ConfigureAwait(false);
        uint list = _lists.Add([.. wish.Entries.Select(entry => entry.Ifindex)]);
        McastFanOut row = _lists.RowOf(list, [.. wish.Entries.Select(entry => entry.Slot)], wish.Mtu);
        datapath.Maps.McastFanOuts.Update(wish.Key, row);
        Retire(group);
        _present[group] = new Present(wish.Key, list, wish.Entries, row);
    }

    /// <summary>The members of big groups that want any source, in the order of their slots.</summary>
    private Dictionary<GroupKey, Wish> Wanted()
    {
        var wanted = new Dictionary<GroupKey, Wish>();
        foreach (IGrouping<GroupKey, MemberRow> group in members.View.All().Where(m => m.IsLocal && m.Filter == FilterMode.Exclude && m.Sources.Count == 0).GroupBy(m => m.Group))
        {
            List<EndpointRow> rows = [.. group.Select(m => endpoints.View.FindBy(endpoints.BySlot, (int)m.Slot)).OfType<EndpointRow>().OrderBy(row => row.State.Slot)];
            if (rows.Count >= FanOut.FewestMembers)
            {
                var key = new McastGroupKey { Group = Address.From(IPAddress.Parse(group.First().GroupText)) };
                wanted[group.Key] = new Wish(key, [.. rows.Select(row => new Entry((uint)row.State.Slot, row.State.HostIfindex))], rows.Min(row => row.State.Mtu));
            }
        }

        return wanted;
    }

    private async Task<FanOut> MakeAsync(CancellationToken cancellation)
    {
        Link device = await netlink.Links.EnsureAsync(new VethSpec(FanOut.Device, FanOut.Peer), cancellation).ConfigureAwait(false);
        Link peer = await netlink.Links.GetAsync(FanOut.Peer, cancellation).ConfigureAwait(false);
        foreach (Link end in new[] { device, peer })
        {
            Sysctl.WriteAll(new[] { KeyValuePair.Create($"net/ipv6/conf/{end.Name}/disable_ipv6", "1") }.Where(s => Sysctl.Exists(s.Key)).ToArray());
            await netlink.Links.SetAsync(end.Index, new LinkChange { Arp = false, Up = true }, cancellation).ConfigureAwait(false);
        }

        FanOut lists = FanOut.Create(device.Index, paths);
        LogStarted(FanOut.Device);
        return lists;
    }

    private void Retire(GroupKey group)
    {
        if (_present.Remove(group, out Present? present))
        {
            _retired.Add((present.List, time.GetTimestamp()));
        }
    }

    [LoggerMessage(1190, LogLevel.Information, "big multicast groups go through device {Device}")]
    private partial void LogStarted(string device);

    [LoggerMessage(1191, LogLevel.Warning, "the lists of big multicast groups cannot be kept, their packets are cloned: {Problem}")]
    private partial void LogFailed(string problem);
}
