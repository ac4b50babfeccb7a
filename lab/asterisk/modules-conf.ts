/**
 * Which of Asterisk's modules the lab loads: what a XiVO-shaped call through ARI needs and no more, so that it boots in a
 * second or two. Never loads a module that asks the network for anything by itself (res_resolver_unbound, STUN, curl).
 */

const MODULES = `
  pbx_config
  res_timing_timerfd res_indications res_musiconhold res_convert res_crypto res_clioriginate res_speech res_agi
  res_sorcery_config res_sorcery_memory res_sorcery_astdb res_sorcery_memory_cache
  res_http_websocket res_websocket_client
  res_stasis res_stasis_answer res_stasis_device_state res_stasis_playback res_stasis_recording res_stasis_snoop
  res_ari res_ari_model res_ari_applications res_ari_asterisk res_ari_bridges res_ari_channels res_ari_device_states
  res_ari_endpoints res_ari_events res_ari_playbacks res_ari_recordings res_ari_sounds
  res_pjproject res_pjsip res_pjsip_session res_pjsip_acl res_pjsip_authenticator_digest res_pjsip_caller_id
  res_pjsip_diversion res_pjsip_dlg_options res_pjsip_dtmf_info res_pjsip_empty_info
  res_pjsip_endpoint_identifier_anonymous res_pjsip_endpoint_identifier_ip res_pjsip_endpoint_identifier_user
  res_pjsip_header_funcs res_pjsip_logger res_pjsip_maintenance res_pjsip_messaging res_pjsip_nat res_pjsip_outbound_authenticator_digest
  res_pjsip_path res_pjsip_pubsub res_pjsip_registrar res_pjsip_rfc3326 res_pjsip_rfc3329 res_pjsip_sdp_rtp
  chan_pjsip chan_bridge_media res_rtp_asterisk res_srtp
  res_format_attr_h263 res_format_attr_h264 res_format_attr_opus res_format_attr_vp8
  bridge_builtin_features bridge_builtin_interval_features bridge_holding bridge_native_rtp bridge_simple bridge_softmix
  codec_ulaw codec_alaw codec_a_mu codec_gsm codec_g722 codec_resample
  format_wav format_wav_gsm format_gsm format_pcm format_sln
  app_bridgewait app_channelredirect app_db app_dial app_directed_pickup app_dumpchan app_echo app_exec app_if app_milliwatt app_originate app_playback app_playtones app_read
  app_senddtmf app_stack app_stasis app_system app_transfer app_userevent app_verbose app_waitforring app_while
`;

/** Dialplan functions that need a service of their own, or write where they should not. */
const UNWANTED_FUNCTION =
  /^func_(curl|odbc|speex|srv|enum|vmcount|realtime|shell|holdintercept|periodic_hook|pitchshift|jitterbuffer|callcompletion)$/;

/** modules.conf for an Asterisk whose module folder holds `available` (names without .so), with `further` modules besides the usual ones. */
export function renderModules(available: readonly string[], further = ''): string {
  const present = new Set(available);
  const wanted = `${MODULES} ${further}`
    .trim()
    .split(/\s+/)
    .filter((name) => present.has(name));
  const functions = available.filter((name) => name.startsWith('func_') && !UNWANTED_FUNCTION.test(name));
  return `[modules]\nautoload=no\n${[...wanted, ...functions].map((name) => `load=${name}.so\n`).join('')}`;
}
