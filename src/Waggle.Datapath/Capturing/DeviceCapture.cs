using System.Runtime.InteropServices;
using Waggle.Bpf;
using Waggle.Datapath.Abi;
using Waggle.Datapath.Attaching;
using Waggle.Datapath.Loading;
using Waggle.Linux;
using Waggle.Netlink;
using TrafficDirection = Waggle.Netlink.TrafficDirection;

namespace Waggle.Datapath.Capturing;

/// <summary>Takes one packet; the bytes are valid only during the call.</summary>
/// <param name="packet">Its beginning, from the Ethernet header on.</param>
/// <param name="length">Bytes of the whole packet.</param>
/// <param name="monotonicNs">When, CLOCK_MONOTONIC.</param>
public delegate void CapturedPacketHandler(ReadOnlySpan<byte> packet, uint length, ulong monotonicNs);

/// <summary>
/// Packets as they come in, chosen by the programs themselves (<c>bpf/progs/capture.bpf.c</c>). Programs, maps and links exist as long as
/// this object: without one, recording costs nothing. They come before the programs that forward: as the first tcx link, or, where those
/// are clsact filters, as a filter of the same priority, of which the kernel asks the newest first.
/// Attaching is not thread-safe; reading may go on meanwhile.
/// </summary>
public sealed class DeviceCapture : IAsyncDisposable
{
    private const uint FilterHandle = 0x5743; // "WC"

    /// <summary>Rules at most.</summary>
    public const int MaxRules = AbiConstants.CaptureRules;

    /// <summary>Bytes of a packet at most.</summary>
    public const uint MaxSnapLength = 65536;

    private readonly BpfObject _object;
    private readonly BpfProgram _in, _out;
    private readonly BpfMap<uint, CaptureRule> _rules;
    private readonly BpfMap<uint, CaptureControl> _control;
    private readonly BpfPerCpuMap<uint, CaptureLosses> _losses;
    private readonly BpfMap _records;
    private readonly RingBuffer _ring;
    private readonly CapturedPacketHandler _handler;
    private readonly Rtnl? _clsact;
    private readonly Dictionary<int, List<Func<Task>>> _attached = [];

    private DeviceCapture(BpfObject loaded, CapturedPacketHandler handler, Rtnl? clsact)
    {
        (_object, _handler, _clsact) = (loaded, handler, clsact);
        (_in, _out) = (loaded.GetProgram("capture_in"), loaded.GetProgram("capture_out"));
        _rules = loaded.GetMap("capture_rules").As<uint, CaptureRule>();
        _control = loaded.GetMap("capture_control").As<uint, CaptureControl>();
        _losses = loaded.GetMap("capture_losses").AsPerCpu<uint, CaptureLosses>();
        _records = loaded.GetMap("captures");
        _ring = new RingBuffer(_records, OnRecord);
    }

    /// <summary>Devices attached to.</summary>
    public IReadOnlyCollection<int> Devices => _attached.Keys;

    /// <summary>Loads programs and maps; nothing is taken before <see cref="SetRules"/> and <see cref="AttachAsync"/>.</summary>
    /// <param name="handler">Gets the packets, on the thread that reads.</param>
    /// <param name="clsact">Where the programs that forward are clsact filters; null: they are tcx links.</param>
    /// <exception cref="BpfException">The kernel cannot.</exception>
    public static DeviceCapture Load(CapturedPacketHandler handler, Rtnl? clsact = null)
    {
        var loaded = BpfObject.Open(EmbeddedObjects.Read(EmbeddedObjects.Capture), new BpfObjectOptions { Name = EmbeddedObjects.Capture });
        try
        {
            AbiCheck.RequireObject(loaded);
            loaded.Load();
            return new DeviceCapture(loaded, handler, clsact);
        }
        catch
        {
            loaded.Dispose();
            throw;
        }
    }

    /// <summary>Takes packets that match one of these from now on. Rows change one by one: in between, packets of both sets may be taken.</summary>
    /// <param name="rules">At most <see cref="MaxRules"/>.</param>
    /// <param name="snapLength">Bytes of a packet, at most <see cref="MaxSnapLength"/>.</param>
    public void SetRules(IReadOnlyList<CaptureRule> rules, uint snapLength)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(rules.Count, MaxRules, nameof(rules));
        for (var i = 0; i < rules.Count; i++)
        {
            _rules.Update((uint)i, rules[i]);
        }

        _control.Update(0, new CaptureControl { Rules = (uint)rules.Count, SnapLength = Math.Min(snapLength, MaxSnapLength) });
    }

    /// <summary>
    /// Removes what a process that was killed while it recorded left on the devices of a network namespace: unlike links, filters
    /// outlive their maker.
    /// </summary>
    /// <returns>How many programs there were.</returns>
    public static async Task<int> SweepAsync(Rtnl rtnl, CancellationToken cancellation = default)
    {
        var removed = 0;
        foreach (var link in await rtnl.Links.ListAsync(cancellation: cancellation).ConfigureAwait(false))
        {
            removed += await rtnl.Traffic.DeleteFilterAsync(FilterOf(link.Index, TrafficDirection.Ingress), cancellation).ConfigureAwait(false) ? 1 : 0;
            removed += await rtnl.Traffic.DeleteFilterAsync(FilterOf(link.Index, TrafficDirection.Egress), cancellation).ConfigureAwait(false) ? 1 : 0;
        }

        return removed;
    }

    /// <summary>Attaches to a device of the calling thread's network namespace, if that was not done yet.</summary>
    /// <param name="ifindex">The device.</param>
    /// <param name="incoming">Take what comes in by it.</param>
    /// <param name="outgoing">Take what this node's own stack sends by it.</param>
    /// <param name="cancellation">Stops waiting.</param>
    /// <returns>False: the device is gone.</returns>
    /// <exception cref="BpfException">The kernel cannot.</exception>
    /// <exception cref="NetlinkException">The same with clsact.</exception>
    public async Task<bool> AttachAsync(int ifindex, bool incoming, bool outgoing, CancellationToken cancellation = default)
    {
        if (_attached.ContainsKey(ifindex))
        {
            return true;
        }

        var undo = new List<Func<Task>>();
        try
        {
            if (incoming)
            {
                undo.Add(await HookAsync(_in, ifindex, TrafficDirection.Ingress, cancellation).ConfigureAwait(false));
            }

            if (outgoing)
            {
                undo.Add(await HookAsync(_out, ifindex, TrafficDirection.Egress, cancellation).ConfigureAwait(false));
            }
        }
        catch (Exception e)
        {
            await UndoAsync(undo).ConfigureAwait(false);
            if (e is BpfException { Errno: Errno.ENODEV } or NetlinkException { Errno: Errno.ENODEV })
            {
                return false;
            }

            throw;
        }

        _attached[ifindex] = undo;
        return true;
    }

    /// <summary>Lets go of a device.</summary>
    public Task DetachAsync(int ifindex) => _attached.Remove(ifindex, out var undo) ? UndoAsync(undo) : Task.CompletedTask;

    /// <summary>Reads packets on a thread of its own until cancelled.</summary>
    public Task RunAsync(CancellationToken cancellation) => _ring.RunAsync(cancellation);

    /// <summary>Hands over what was taken up to now.</summary>
    public void Flush() => _ring.Consume();

    /// <summary>Packets that matched and found no room, and their bytes, since the start.</summary>
    public (ulong Packets, ulong Bytes) Losses()
    {
        Span<CaptureLosses> all = new CaptureLosses[BpfCpu.PossibleCount];
        _losses.TryLookup(0, all);
        (ulong packets, ulong bytes) = (0, 0);
        foreach (var one in all)
        {
            (packets, bytes) = (packets + one.Packets, bytes + one.Bytes);
        }

        return (packets, bytes);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var ifindex in _attached.Keys.ToArray())
        {
            await DetachAsync(ifindex).ConfigureAwait(false);
        }

        _ring.Dispose();
        _records.Dispose();
        _losses.Dispose();
        _control.Dispose();
        _rules.Dispose();
        _in.Dispose();
        _out.Dispose();
        _object.Dispose();
    }

    private static async Task UndoAsync(List<Func<Task>> undo)
    {
        foreach (var one in undo)
        {
            await one().ConfigureAwait(false);
        }
    }

    private static BpfFilter FilterOf(int ifindex, TrafficDirection direction) =>
        new(ifindex, direction) { Priority = Attachments.FilterPriority, Handle = FilterHandle, Name = "waggle-capture" };

    /// <returns>Detaches.</returns>
    private async Task<Func<Task>> HookAsync(BpfProgram program, int ifindex, TrafficDirection direction, CancellationToken cancellation)
    {
        if (_clsact is null)
        {
            var link = BpfLink.AttachTcx(program, ifindex, direction == TrafficDirection.Ingress, TcxPosition.First);
            return () =>
            {
                link.Dispose();
                return Task.CompletedTask;
            };
        }

        var filter = FilterOf(ifindex, direction);
        await _clsact.Traffic.EnsureClsactAsync(ifindex, cancellation).ConfigureAwait(false);
        await _clsact.Traffic.ReplaceFilterAsync(filter, program.Handle, cancellation).ConfigureAwait(false);
        return () => _clsact.Traffic.DeleteFilterAsync(filter, CancellationToken.None);
    }

    private void OnRecord(ReadOnlySpan<byte> bytes)
    {
        var record = MemoryMarshal.Read<CaptureRecord>(bytes);
        var data = bytes[Marshal.SizeOf<CaptureRecord>()..];
        _handler(data[..(int)Math.Min(record.Captured, (uint)data.Length)], record.PacketLength, record.Timestamp);
    }
}
