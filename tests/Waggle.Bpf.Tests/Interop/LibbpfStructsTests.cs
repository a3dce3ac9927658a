using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Waggle.Bpf.Btf;
using Waggle.Bpf.Interop;
using Waggle.Bpf.Tests.Support;

namespace Waggle.Bpf.Tests.Interop;

/// <summary>Hand-written structs against the headers: size, and each field's offset and size. Two swapped fields keep the size.</summary>
public class LibbpfStructsTests
{
    /// <summary>C names of fields whose C# name is not the same without underscores.</summary>
    private static readonly Dictionary<string, string> Renamed = new()
    {
        ["PacketType"] = "pkt_type",
        ["Timestamp"] = "tstamp",
        ["WireLength"] = "wire_len",
        ["GsoSegments"] = "gso_segs",
        ["HardwareTimestamp"] = "hwtstamp",
        ["JitedLength"] = "jited_prog_len",
        ["XlatedLength"] = "xlated_prog_len",
    };

    [Theory]
    [InlineData(typeof(BpfObjectOpenOpts), "bpf_object_open_opts")]
    [InlineData(typeof(BpfMapCreateOpts), "bpf_map_create_opts")]
    [InlineData(typeof(BpfMapBatchOpts), "bpf_map_batch_opts")]
    [InlineData(typeof(BpfObjGetOpts), "bpf_obj_get_opts")]
    [InlineData(typeof(BpfLinkUpdateOpts), "bpf_link_update_opts")]
    [InlineData(typeof(BpfTestRunOpts), "bpf_test_run_opts")]
    [InlineData(typeof(BpfProgLoadOpts), "bpf_prog_load_opts")]
    [InlineData(typeof(BpfMapInfo.Raw), "bpf_map_info")]
    [InlineData(typeof(BpfProgramInfo.Raw), "bpf_prog_info")]
    [InlineData(typeof(SkBuffContext), "__sk_buff")]
    public void Layout_IsThatOfTheHeaders(Type type, string name)
    {
        var btf = BtfSpec.FromElf(TestObjects.Read("libbpf_structs"));
        var layout = BtfLayout.Of(btf, btf.Find(BtfKind.Struct, name)!);
        Assert.True(SizeOf(type) <= layout.Size, $"{name} has {layout.Size} bytes"); // newer headers append fields
        foreach (var field in type.GetFields(BindingFlags.Public | BindingFlags.Instance))
        {
            var expected = layout.Fields.Single(f => f.Path == (Renamed.TryGetValue(field.Name, out var c) ? c : f.Path)
                && (Renamed.ContainsKey(field.Name) || f.Path.Replace("_", "").Equals(field.Name, StringComparison.OrdinalIgnoreCase)));
            Assert.Equal((field.Name, expected.Offset, expected.Size), (field.Name, field.GetCustomAttribute<FieldOffsetAttribute>()!.Value, SizeOf(field.FieldType)));
        }
    }

    private static int SizeOf(Type type) =>
        type.IsPointer ? IntPtr.Size : (int)typeof(Unsafe).GetMethod(nameof(Unsafe.SizeOf))!.MakeGenericMethod(type).Invoke(null, null)!;
}
