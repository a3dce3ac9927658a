using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Waggle.Agent.Cni;

namespace Waggle.Agent.Tests.Cni;

public sealed class CniRequestTests
{
    private static CniRequest Parse(string json) => CniRequest.Parse(Encoding.UTF8.GetBytes(json));

    [Fact]
    public void Parse_WhatTheForwarderSends_IsRead()
    {
        CniRequest r = Parse("""{"command":"ADD","containerId":"abc","ifName":"eth0","args":"K8S_POD_NAMESPACE=a;K8S_POD_NAME=b;K8S_POD_UID=u;IgnoreUnknown=1","netns":"/run/netns/x","path":"/opt/cni/bin","config":"{\"cniVersion\":\"1.0.0\",\"name\":\"cilium\"}"}""");
        r.CheckAttachment();
        Assert.Equal(("ADD", "abc", "1.0.0", "cilium"), (r.Command, r.ContainerId, r.Config.Version, r.Config.Name));
        Assert.Equal(new CniArgs("a", "b", "u"), CniArgs.Parse(r.Args));
    }

    [Theory]
    [InlineData("not json", CniErrorCode.Decode)]
    [InlineData("[]", CniErrorCode.Decode)]
    [InlineData("""{"command":"ADD","config":"{"}""", CniErrorCode.Decode)]
    [InlineData("""{"command":"ADD","config":"{\"cniVersion\":\"9.0.0\"}"}""", CniErrorCode.IncompatibleVersion)]
    public void Parse_BadInput_HasTheSpecificationsCode(string json, int code) => Assert.Equal(code, Assert.Throws<CniException>(() => Parse(json)).Code);

    [Theory]
    [InlineData("", "eth0")]
    [InlineData("../../etc", "eth0")]
    [InlineData("a b", "eth0")]
    [InlineData("abc", "")]
    [InlineData("abc", "..")]
    [InlineData("abc", "eth0/../x")]
    [InlineData("abc", "sixteencharacter")]
    public void CheckAttachment_UnsafeName_IsRefused(string id, string ifName)
    {
        var request = new CniRequest { Command = "ADD", ContainerId = id, IfName = ifName, Config = CniConfig.Parse("{}") };
        Assert.Equal(CniErrorCode.InvalidEnvironment, Assert.Throws<CniException>(request.CheckAttachment).Code);
    }

    [Fact]
    public void ValidAttachments_List_IsRead()
    {
        CniConfig config = CniConfig.Parse("""{"cniVersion":"1.1.0","cni.dev/valid-attachments":[{"containerID":"a","ifname":"eth0"},{"x":1},7]}""");
        Assert.Equal([("a", "eth0")], config.ValidAttachments());
        Assert.Null(CniConfig.Parse("{}").ValidAttachments());
    }

    [Theory]
    [InlineData("0.3.1", true, false)]
    [InlineData("0.4.0", true, false)]
    [InlineData("1.0.0", false, false)]
    [InlineData("1.1.0", false, true)]
    public void ToJson_Version_HasItsShape(string version, bool ipVersion, bool mtu)
    {
        var result = new CniResult
        {
            HostName = "lxc1", HostMac = "aa:aa:aa:aa:aa:aa", PodName = "eth0", PodMac = "bb:bb:bb:bb:bb:bb", Sandbox = "/run/netns/x", Mtu = 1450,
            Addresses = [(IPAddress.Parse("10.0.1.5"), IPAddress.Parse("10.0.1.1")), (IPAddress.Parse("fd00::5"), IPAddress.Parse("fd00::1"))],
        };
        JsonNode json = JsonNode.Parse(result.ToJson(version))!;
        Assert.Equal(version, (string?)json["cniVersion"]);
        Assert.Equal("10.0.1.5/32", (string?)json["ips"]![0]!["address"]);
        Assert.Equal("fd00::5/128", (string?)json["ips"]![1]!["address"]);
        Assert.Equal(ipVersion, json["ips"]![0]!.AsObject().ContainsKey("version"));
        Assert.Equal(mtu, json["interfaces"]![0]!.AsObject().ContainsKey("mtu"));
        Assert.Equal("/run/netns/x", (string?)json["interfaces"]![1]!["sandbox"]);
    }
}
