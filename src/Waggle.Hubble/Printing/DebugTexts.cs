using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using Waggle.Hubble.Protocol.Flows;

namespace Waggle.Hubble.Printing;

/// <summary>What a debug event of the datapath says, in words.</summary>
public static class DebugTexts
{
    private static readonly string[] States = ["new", "established", "reply", "related"];
    private static readonly string[] Kinds = ["tracked", "related", "untracked"];

    /// <summary>How many of <c>arg1</c>, <c>arg2</c>, <c>arg3</c> mean something in such an event.</summary>
    public static int Arguments(DebugEventType type) => type switch
    {
        DebugEventType.DbgCtLookup41 or DebugEventType.DbgCtLookup61 or DebugEventType.DbgL4Create => 3,
        DebugEventType.DbgToHost or DebugEventType.DbgToStack => 0,
        DebugEventType.DbgCtVerdict or DebugEventType.DbgDecap or DebugEventType.DbgCtLookup42 or DebugEventType.DbgCtLookup62 or DebugEventType.DbgIpIdMapFailed4 or DebugEventType.DbgIpIdMapFailed6 => 1,
        _ => 2,
    };

    /// <summary>The text; of a kind that these programs do not make, its number and arguments.</summary>
    public static string Of(DebugEventType type, uint arg1, uint arg2, uint arg3) => type switch
    {
        DebugEventType.DbgLocalDelivery => Text($"delivered to endpoint {arg1}, from identity {arg2}"),
        DebugEventType.DbgEncap => Text($"into the tunnel to node {Address(false, BinaryPrimitives.ReverseEndianness(arg1))}, from identity {arg2}"),
        DebugEventType.DbgPolicyDenied => Text($"policy denies identity {arg1} to identity {arg2}"),
        DebugEventType.DbgCtVerdict => $"connection: {Word(States, arg1)}",
        DebugEventType.DbgDecap => Text($"out of the tunnel, identity {arg1}"),
        DebugEventType.DbgToHost => "to the node itself",
        DebugEventType.DbgToStack => "to the node's stack",
        DebugEventType.DbgCtLookup41 or DebugEventType.DbgCtLookup61 => Text($"connection looked up: {Address(type == DebugEventType.DbgCtLookup61, arg1)}:{arg3 & 0xffff} -> {Address(type == DebugEventType.DbgCtLookup61, arg2)}:{arg3 >> 16}"),
        DebugEventType.DbgCtLookup42 or DebugEventType.DbgCtLookup62 => Text($"connection looked up: protocol {arg1 >> 8}, {Word(Kinds, arg1 & 0xff)}"),
        DebugEventType.DbgCtCreated4 or DebugEventType.DbgCtCreated6 => Text($"connection remembered, from identity {arg2}"),
        DebugEventType.DbgL4Create => Text($"policy allows identity {arg1} to identity {arg2}, port {BinaryPrimitives.ReverseEndianness((ushort)(arg3 >> 16))}, protocol {arg3 & 0xff}"),
        DebugEventType.DbgIpIdMapFailed4 or DebugEventType.DbgIpIdMapFailed6 => $"nobody is known at {Address(type == DebugEventType.DbgIpIdMapFailed6, arg1)}",
        DebugEventType.DbgIpIdMapSucceed4 or DebugEventType.DbgIpIdMapSucceed6 => Text($"{Address(type == DebugEventType.DbgIpIdMapSucceed6, arg1)} has identity {arg2}"),
        _ => Text($"message {(int)type}, arguments {arg1} {arg2} {arg3}"),
    };

    private static string Word(string[] words, uint number) => number < words.Length ? words[number] : number.ToString(CultureInfo.InvariantCulture);

    /// <summary>Four bytes as they lay in memory; of an IPv6 address the last ones.</summary>
    private static string Address(bool ipv6, uint tail)
    {
        var bytes = BitConverter.GetBytes(tail);
        return ipv6 ? Text($"[…:{(bytes[0] << 8) | bytes[1]:x}:{(bytes[2] << 8) | bytes[3]:x}]") : new IPAddress(bytes).ToString();
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
