using Waggle.Datapath.Abi;
using Waggle.Linux;

namespace Waggle.Agent.Datapath;

/// <summary>Values of tables as the maps hold them.</summary>
internal static class AbiText
{
    public static ByteArray6 Mac(string text)
    {
        ByteArray6 bytes = default;
        MacAddress.Parse(text).CopyTo(bytes);
        return bytes;
    }
}
