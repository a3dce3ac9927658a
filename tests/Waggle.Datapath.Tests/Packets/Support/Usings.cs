// The struct of bpf/abi, not the agent's options of the same name.
global using AbiConfig = Waggle.Datapath.Abi.DatapathConfig;
global using AbiAddress = Waggle.Datapath.Abi.Address;
