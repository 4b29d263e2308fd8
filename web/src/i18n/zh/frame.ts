import type { frame as english } from "../en/frame";
import { translationOf } from "../translation";

/** 每个页面四周的文字。 */
export const frame = translationOf<typeof english>()({
  "common.cancel": "取消",
  "common.close": "关闭",
  "common.command": "命令",
  "common.copied": "已复制",
  "common.copy": "复制",
  "common.copy_command": "复制命令",
  "common.copy_failed": "复制失败，可手动选中文字",
  "common.discard": "放弃",
  "common.dismiss": "知道了",
  "common.loading": "加载中…",
  "common.more": "显示更多",
  "common.new_tab": "（在新标签页中打开）",
  "common.optional": "可选",
  "common.remove": "移除",
  "common.retry": "重试",
  "common.save": "保存",

  "nav.account": "账户",
  "nav.account_menu": "账户、主题与语言",
  "nav.activity": "动态",
  "nav.app": "{app} 的页面",
  "nav.apps": "应用",
  "nav.deployments": "部署",
  "nav.home": "Slipway：所有应用",
  "nav.main": "主导航",
  "nav.sessions": "会话",
  "nav.sign_out": "退出登录",
  "nav.skip": "跳到正文",
  "nav.tokens": "API 令牌",

  "theme.label": "主题",
  "theme.system": "跟随系统",
  "theme.light": "浅色",
  "theme.dark": "深色",

  "language.label": "语言",
  "language.failed": "语言文件获取失败。服务器可以连接时再试。",

  "live.lost": "{at} 起与服务器断开连接。当前内容可能不是最新的，恢复后会自动更新。",
  "live.retry": "立即重连",

  "notify.title": "{app}：{state}",
  "notify.switch": "部署结束时通知我",
  "notify.hint": "由你发起或查看过的部署，以浏览器通知的形式提醒。",
  "notify.blocked": "浏览器屏蔽了本页的通知；可在网站设置中重新允许。",
  "notify.unavailable": "浏览器只在 HTTPS 下允许通知。",

  "problem.title": "没有成功",
  "problem.offline": "无法连接服务器。检查网络后再试。",
  "problem.rate_limited": "{detail} {seconds} 秒后可重试。",
  "problem.request_id": "请求 {id}",

  "missing.title": "这里什么也没有",
  "missing.body": "这个地址不对应任何页面。",
  "missing.home": "所有应用",

  "time.now": "刚刚",
  "time.ms": "{n} 毫秒",
  "time.s": "{n} 秒",
  "time.m_s": "{m} 分 {s} 秒",
  "time.h_m": "{h} 小时 {m} 分",

  "tab.overview": "概览",
  "tab.deployments": "部署",
  "tab.logs": "日志",
  "tab.config": "配置",
  "tab.releases": "发布版本",
  "tab.domains": "域名",
  "tab.settings": "设置",

  "app.missing": "没有名为 {app} 的应用",
  "app.missing_body": "它可能已被销毁，或者你无权查看。",
});
